"""How the values of the security headers and of the signed headers are spelled.

Absence is not judged here: an absent header signs as empty, and which header a request must have is the
gateway's rule. Present but empty is refused, because it would sign like absent and mean something else.
"""

import re
import secrets

from signet_protocol.errors import ProtocolError

__all__ = [
    "WINDOW_SECONDS",
    "HeaderInvalid",
    "NonceInvalid",
    "ProtocolError",
    "TimestampInvalid",
    "check_header_value",
    "check_nonce",
    "new_nonce",
    "parse_timestamp",
    "within_window",
]

WINDOW_SECONDS = 300

_TIMESTAMP = re.compile("[1-9][0-9]{9}")
_NONCE = re.compile("[A-Za-z0-9_-]{16,64}")
_VALUE = re.compile("[\x20-\x7e]+")


class HeaderInvalid(ProtocolError):
    """A header is empty or holds something that is not printable ASCII."""


class TimestampInvalid(HeaderInvalid):
    """`X-Timestamp` is not ten decimal digits."""

    def __init__(self) -> None:
        super().__init__("X-Timestamp", "X-Timestamp must be a unix time in seconds, ten digits.")


class NonceInvalid(HeaderInvalid):
    """`X-Nonce` is not 16 to 64 characters of the base64url alphabet."""

    def __init__(self) -> None:
        super().__init__("X-Nonce", "X-Nonce must be 16 to 64 characters of A-Z, a-z, 0-9, _ and -.")


def parse_timestamp(text: str) -> int:
    """Read `X-Timestamp` as seconds since 1970; raises TimestampInvalid. Ten digits last until 2286."""
    if _TIMESTAMP.fullmatch(text) is None:
        raise TimestampInvalid
    return int(text)


def within_window(timestamp: int, now: int) -> bool:
    """Whether a timestamp is fresh: at most 300 seconds from now in either direction, both ends inclusive."""
    return -WINDOW_SECONDS <= now - timestamp <= WINDOW_SECONDS


def check_nonce(text: str) -> None:
    """Raise NonceInvalid unless `X-Nonce` is well spelled."""
    if _NONCE.fullmatch(text) is None:
        raise NonceInvalid


def check_header_value(name: str, text: str) -> str:
    """Return the value to sign and to compare, outer spaces and tabs trimmed. `name` is for the error alone.

    Raises HeaderInvalid when nothing is left, or something that is not printable ASCII (RFC 9110 5.5 allows
    more, but two implementations would not read it alike).
    """
    value = text.strip(" \t")
    if _VALUE.fullmatch(value) is None:
        problem = "must hold printable ASCII only" if value else "must not be empty"
        raise HeaderInvalid(name, f"{name} {problem}.")
    return value


def new_nonce() -> str:
    """Draw a fresh nonce: 32 characters, 192 random bits."""
    return secrets.token_urlsafe(24)
