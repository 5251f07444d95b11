"""Signs what Schemathesis is about to send: the last step before the wire, so it is the final bytes that are signed.

Schemathesis leaves this step out where it probes what happens without credentials.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
import requests.auth

from signet_protocol.headers import new_nonce
from signet_protocol.signing import body_digest, sign, signing_key, string_to_sign, utc_day

UNSIGNABLE = "0" * 64
"""The signature of what cannot be signed (not ASCII): the gateway refuses the spelling before it looks at this."""
DECLARED = "X-Content-SHA256"
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential and what it signs with; `token` tells a session's token from an API key."""

    credential: str
    secret: str = field(repr=False)
    token: bool = False


class Signer(requests.auth.AuthBase):
    """Signs requests with an API key, and public ones not at all, which still carry timestamp and nonce.

    `sign_in` makes a session: signing out ends the session that signed, so each of those requests gets its own.
    """

    def __init__(self, secret: Secret, public: frozenset[tuple[str, str]], sign_in: Callable[[], Secret]) -> None:
        self._secret = secret
        self._public = public
        self._sign_in = sign_in

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers that prove the request."""
        method, target = request.method or "", request.path_url
        path = urlsplit(target).path
        request.headers["X-Timestamp"] = str(int(time.time()))
        request.headers["X-Nonce"] = new_nonce()
        if _DIGEST.fullmatch(_text(request.headers.get(DECLARED, ""))):
            # No schema can say that it is the digest of the body; any other spelling is meant to be wrong.
            request.headers[DECLARED] = body_digest(_bytes(request.body))
        if (method, path) in self._public:
            return request
        ends_session = (method, path) == ("DELETE", "/api/v1/sessions/current")
        return signed(request, self._sign_in() if ends_session else self._secret)


def signed(request: requests.PreparedRequest, secret: Secret) -> requests.PreparedRequest:
    """Add the credential and the signature to a request that has its timestamp and nonce."""
    headers = {_text(name).lower(): _text(value).strip(" \t") for name, value in request.headers.items()}
    timestamp = headers["x-timestamp"]
    text = string_to_sign(
        timestamp=timestamp,
        nonce=headers["x-nonce"],
        credential=secret.credential,
        method=request.method or "",
        target=request.path_url,
        headers=headers,
        body_sha256=body_digest(_bytes(request.body)),
    )
    request.headers.pop("Authorization" if not secret.token else "X-Api-Key", None)
    if secret.token:
        request.headers["Authorization"] = f"Bearer {secret.credential}"
    else:
        request.headers["X-Api-Key"] = secret.credential
    key = signing_key(secret.secret, utc_day(int(timestamp)))
    request.headers["X-Sign"] = sign(key, text) if text.isascii() else UNSIGNABLE
    return request


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: object) -> bytes:
    """The bytes of a body; `requests` holds text until it is sent, and sends it as UTF-8."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise TypeError(f"a body of {type(body).__name__} cannot be signed before it is read")
