"""The gate: every check that a request meets, in the order that the protocol fixes.

Signed: headers, timestamp window, grant, signature, account, rate limits, nonce, permission, seal, passport. A nonce
is claimed once the signature is proven, so nobody can spend another's; and before the permission, so a refusal cannot
be asked for twice.
An upload goes through all of this before a byte of its body is read: what is signed is the digest that it declares.

Public: nothing to sign with. What changes state or is sealed still carries timestamp and nonce, claimed after the rate
limit, and in the name of its own seal where it has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from signet_common.passport import Passport
from signet_gateway.application.authentication import Authentication, prove
from signet_gateway.application.content import check_content, forwarded_headers, read_body
from signet_gateway.application.contracts import Operation
from signet_gateway.application.credentials import read_credential, read_freshness, read_signature
from signet_gateway.application.errors import Refusal
from signet_gateway.application.freshness import ReplayGuard
from signet_gateway.application.request import Request
from signet_gateway.application.sealing import Asker, Seal, Sealing, sealed_size
from signet_gateway.application.traffic import Traffic
from signet_gateway.application.uploads import Upload, check_upload
from signet_protocol.signing import body_digest

ISSUER = "gateway"
_PUBLIC_OWNER = "public"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may go to its service: what is passed on, and for whom. Of an upload the body is still unread."""

    passport: Passport
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    upload: Upload | None = None


class Admission:
    """Admits requests, or raises Refusal with the return code of the first check that fails.

    Also raises GrantsUnavailable and NoncesUnavailable: what cannot be checked is not let through.
    """

    def __init__(
        self,
        authentication: Authentication,
        replays: ReplayGuard,
        traffic: Traffic,
        sealing: Sealing,
        max_body_bytes: int,
    ) -> None:
        self._authentication = authentication
        self._replays = replays
        self._traffic = traffic
        self._sealing = sealing
        self._max_body_bytes = max_body_bytes

    def admit(self, request: Request, operation: Operation) -> Admitted:
        """Check one request for one operation."""
        self._traffic.arrived(request)
        return self._public(request, operation) if operation.public else self._signed(request, operation)

    def answered_here(self, request: Request, operation: Operation) -> None:
        """Count a request of a public operation that needs no service, as any other of an address is counted."""
        self._traffic.arrived(request)
        self._traffic.unsigned(request, operation)

    def _signed(self, request: Request, operation: Operation) -> Admitted:
        credential = read_credential(request.headers)
        freshness = read_freshness(request.headers)
        presented = read_signature(request.headers)
        seal = self._sealing.read(request.headers, operation)
        limit = self._limit(operation, seal)
        upload = check_upload(request, limit) if operation.uploads else None
        if upload is None:
            check_content(request, limit)
        headers = forwarded_headers(request.headers)
        self._replays.check_window(freshness)
        grant, key = self._authentication.find(credential, freshness, request.client_ip)
        request.credential_id = grant.credential_id
        body = read_body(request, limit) if upload is None else b""
        if request.content_length != 0 and upload is None:
            # The sender chose how long that took: time has passed, and the credential may have been revoked.
            self._replays.check_window(freshness)
            grant, key = self._authentication.find(credential, freshness, request.client_ip)
        body_sha256 = body_digest(body) if upload is None else upload.sha256
        request_digest = prove(
            key,
            presented,
            request,
            credential=credential,
            freshness=freshness,
            headers=headers if seal is None else headers | seal.headers,
            body_sha256=body_sha256,
        )
        request.user_id = grant.user_id
        self._authentication.check_account(grant)
        self._traffic.proven(request, operation, grant.credential_id)
        self._replays.claim(grant.credential_id, freshness)
        scope = grant.permissions.get(operation.permission)
        if scope is None:
            raise _forbidden(operation)
        if seal is not None:
            asker = Asker(grant.credential_id, credential.value, freshness)
            limit = self._limit(operation, None)
            body = self._sealing.open(seal, request, asker, headers=headers, body=body, limit=limit)
            body_sha256 = body_digest(body)
        passport = Passport(
            issuer=ISSUER,
            audience=operation.service,
            request_id=request.request_id,
            method=request.method,
            target=request.target,
            body_sha256=body_sha256,
            user_id=grant.user_id,
            user_name=grant.user_name,
            roles=grant.roles,
            permission=operation.permission,
            scope=scope,
            authentication=credential.kind,
            credential_id=grant.credential_id,
            client_ip=request.client_ip,
            request_digest=request_digest,
            idempotency_key=headers.get("idempotency-key", ""),
        )
        return Admitted(passport, headers, body, upload)

    def _public(self, request: Request, operation: Operation) -> Admitted:
        seal = self._sealing.read(request.headers, operation)
        freshness = read_freshness(request.headers) if operation.changes_state or seal is not None else None
        limit = self._limit(operation, seal)
        check_content(request, limit)
        headers = forwarded_headers(request.headers)
        if freshness is not None:
            self._replays.check_window(freshness)
        self._traffic.unsigned(request, operation)
        body = read_body(request, limit)
        if freshness is not None:
            self._replays.check_window(freshness)
            self._replays.claim(_PUBLIC_OWNER if seal is None else seal.nonce_owner, freshness)
            if seal is not None:
                asker, limit = Asker(request.client_ip, "", freshness), self._limit(operation, None)
                body = self._sealing.open(seal, request, asker, headers=headers, body=body, limit=limit)
        passport = Passport(
            issuer=ISSUER,
            audience=operation.service,
            request_id=request.request_id,
            method=request.method,
            target=request.target,
            body_sha256=body_digest(body),
            client_ip=request.client_ip,
        )
        return Admitted(passport, headers, body)

    def _limit(self, operation: Operation, seal: Seal | None) -> int:
        """Return the bytes that a body may have on the wire; a contract can ask for less or more than the setting."""
        limit = self._max_body_bytes if operation.max_body_bytes is None else operation.max_body_bytes
        return limit if seal is None else sealed_size(limit)


def _forbidden(operation: Operation) -> Refusal:
    """Name the permission that is missing: the contract, which everybody may read, says the same."""
    code = operation.forbidden
    return Refusal(code, f"{code.message} It takes the permission {operation.permission}.")
