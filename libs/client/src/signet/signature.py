"""Sign one request: from its parts as they go onto the wire to the headers that prove it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from signet.credentials import Credential
from signet.errors import ArgumentInvalid
from signet_protocol import signing
from signet_protocol.errors import ProtocolError
from signet_protocol.headers import check_header_value, check_nonce, parse_timestamp
from signet_protocol.target import check_target

_METHOD = re.compile("[A-Z]+")


@dataclass(frozen=True, slots=True)
class Signature:
    """The headers to add to a request, and the fifteen lines that they prove."""

    headers: tuple[tuple[str, str], ...]
    text: str


def sign(
    credential: Credential,
    *,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    timestamp: int,
    nonce: str,
    body: bytes = b"",
    body_sha256: str | None = None,
) -> Signature:
    """Sign a request; `headers` are all that will be sent, of which the signed ones are picked.

    `body_sha256`, in lower-case hex, is what a stream declares instead of handing over its body.

    Raises ArgumentInvalid for anything that the gateway would refuse to read: better here than after a round trip.
    """
    stamp = str(timestamp)
    values = check_spelling(method, target, headers)
    try:
        check_nonce(nonce)
        parse_timestamp(stamp)
        text = signing.string_to_sign(
            timestamp=stamp,
            nonce=nonce,
            credential=check_header_value(credential.header[0], credential.identifier),
            method=method,
            target=target,
            headers=values,
            body_sha256=signing.body_digest(body) if body_sha256 is None else body_sha256,
        )
        key = signing.signing_key(credential.secret, signing.utc_day(timestamp))
    except UnicodeEncodeError:
        # Not chained: that error quotes what it could not encode, and here it is the secret.
        raise ArgumentInvalid("The secret is not ASCII.") from None
    except ProtocolError as error:
        raise ArgumentInvalid(error.message) from error
    proof = (credential.header, ("X-Timestamp", stamp), ("X-Nonce", nonce), ("X-Sign", signing.sign(key, text)))
    return Signature(proof, text)


def check_spelling(method: str, target: str, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the signed headers by their names in lower case. Raises ArgumentInvalid for what has no one spelling."""
    if _METHOD.fullmatch(method) is None:
        raise ArgumentInvalid("The method is one word in upper case.")
    try:
        check_target(target)
        return _signed_values(headers)
    except ProtocolError as error:
        raise ArgumentInvalid(error.message) from error


def _signed_values(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, text in headers:
        lower = name.lower()
        if lower not in signing.SIGNED_HEADERS:
            continue
        if lower in values:
            raise ArgumentInvalid(f"{name} is given twice.")
        values[lower] = check_header_value(name, text)
    return values
