"""Step one: which credential, timestamp, nonce and signature a request shows. Spelling only, nothing is proven."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from signet_gateway.application.errors import Refusal, bad_field, malformed
from signet_gateway.application.grants import Credential
from signet_protocol.errors import ProtocolError
from signet_protocol.headers import check_header_value, check_nonce, parse_timestamp
from signet_protocol.return_codes import ReturnCode

_BEARER = "bearer"
_LONGEST_CREDENTIAL = 512


@dataclass(frozen=True, slots=True)
class Freshness:
    """When the request was made, and the nonce that makes it a single one."""

    timestamp: int
    nonce: str = field(repr=False)


def read_credential(headers: Mapping[str, str]) -> Credential:
    """Return the one credential; raises Refusal 401012, 401001, 401003 or 400001."""
    api_key, authorization = headers.get("x-api-key"), headers.get("authorization")
    if api_key is not None and authorization is not None:
        raise bad_field("Authorization", "X-Api-Key and Authorization exclude each other.")
    if api_key is not None:
        if not api_key.strip(" \t"):
            raise Refusal(ReturnCode.API_KEY_REQUIRED)
        return Credential("api_key", _checked("X-Api-Key", api_key))
    if authorization is not None:
        return Credential("token", _token(authorization))
    raise Refusal(ReturnCode.AUTH_PARAMS_REQUIRED)


def read_freshness(headers: Mapping[str, str]) -> Freshness:
    """Return timestamp and nonce; raises Refusal 401007, 401008 or 400001."""
    timestamp, nonce = headers.get("x-timestamp"), headers.get("x-nonce")
    if not timestamp:
        raise Refusal(ReturnCode.TIMESTAMP_REQUIRED)
    if not nonce:
        raise Refusal(ReturnCode.NONCE_REQUIRED)
    try:
        check_nonce(nonce)
        return Freshness(parse_timestamp(timestamp), nonce)
    except ProtocolError as error:
        raise malformed(error) from None


def read_signature(headers: Mapping[str, str]) -> str:
    """Return `X-Sign` as it was sent; raises Refusal 401004."""
    signature = headers.get("x-sign")
    if not signature:
        raise Refusal(ReturnCode.SIGN_REQUIRED)
    return signature


def _token(authorization: str) -> str:
    """Return the token of `Bearer <token>` (RFC 6750 2.1; the scheme's case does not matter)."""
    scheme, _, token = authorization.strip(" \t").partition(" ")
    if scheme.lower() != _BEARER or not token.strip(" \t") or " " in token.strip(" \t"):
        raise Refusal(ReturnCode.TOKEN_REQUIRED)
    return _checked("Authorization", token)


def _checked(name: str, value: str) -> str:
    """Return a credential that can be signed and looked up."""
    if len(value) > _LONGEST_CREDENTIAL:
        raise bad_field(name, f"{name} is too long.")
    try:
        return check_header_value(name, value)
    except ProtocolError as error:
        raise malformed(error) from None
