"""Asks identity who is behind a credential: `POST /internal/grants`, with a passport of the gateway's own."""

import secrets
from datetime import datetime
from typing import Any

import orjson

from signet_common.passport import Passport
from signet_gateway.application.errors import GrantsUnavailable, UpstreamFailed
from signet_gateway.application.grants import Credential, Grant
from signet_gateway.application.ports import Passports, Upstream
from signet_protocol.signing import body_digest

_TARGET = "/internal/grants"
_METHOD = "POST"


class IdentityGrants:
    """Fetches grants, one request each."""

    def __init__(self, identity: Upstream, passports: Passports) -> None:
        self._identity = identity
        self._passports = passports

    def fetch(self, credential: Credential) -> Grant | None:
        """Return the grant as identity knows it now, None for an unknown credential; raises GrantsUnavailable."""
        body = orjson.dumps({"kind": credential.kind, "credential": credential.value})
        request_id = secrets.token_hex(16)
        passport = Passport(
            issuer="gateway",
            audience="identity",
            request_id=request_id,
            method=_METHOD,
            target=_TARGET,
            body_sha256=body_digest(body),
            authentication="service",
        )
        headers = [
            ("content-type", "application/json"),
            ("x-passport", self._passports.issue(passport)),
            ("x-request-id", request_id),
        ]
        try:
            answer = self._identity.send(_METHOD, _TARGET, headers, body)
        except UpstreamFailed as error:
            raise GrantsUnavailable(f"identity gives no grants: {error}") from error
        if answer.status != 200:
            raise GrantsUnavailable(f"identity answered {answer.status} when asked for a grant")
        try:
            data = orjson.loads(answer.body)["data"]
            return None if data is None else _grant(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GrantsUnavailable(f"identity's grant cannot be read: {type(error).__name__}") from error


def _grant(data: dict[str, Any]) -> Grant:
    expires_at = data["expires_at"]
    return Grant(
        credential_id=data["credential_id"],
        user_id=data["user_id"],
        user_name=data["user_name"],
        user_active=data["user_state"] == "active",
        credential_active=data["credential_state"] == "active",
        roles=tuple(data["roles"]),
        permissions=dict(data["permissions"]),
        expires_at=None if expires_at is None else datetime.fromisoformat(expires_at).timestamp(),
        keys={day: bytes.fromhex(key) for day, key in data["keys"].items()},
    )
