r"""The signature, SIGNET1-HMAC-SHA256.

What is signed are fifteen lines, joined by LF, none at the end:

    SIGNET1-HMAC-SHA256
    timestamp, nonce, credential, METHOD, request-target
    eight lines `name:value`, in the order of SIGNED_HEADERS
    hex SHA-256 of the body

The invariant is *signed = checked*: nothing that changes what a request means stays outside. The functions here
only compute; spelling is the business of `headers` and `target`, which the caller asks first: a value that holds
a line feed would make two requests look alike.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

ALGORITHM = "SIGNET1-HMAC-SHA256"
SIGNED_HEADERS = (
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "range",
    "if-range",
    "x-key",
    "x-key-id",
)
EMPTY_BODY_SHA256 = hashlib.sha256(b"").hexdigest()

_KEY_PREFIX = "SIGNET1"


def body_digest(body: bytes) -> str:
    """Hash the body as it is sent (lower-case hex SHA-256), after de-chunking and before anything else."""
    return hashlib.sha256(body).hexdigest() if body else EMPTY_BODY_SHA256


def utc_day(timestamp: int) -> str:
    """Return the UTC date of a unix timestamp in seconds, as the signing key wants it: `20260101`."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y%m%d")


def signing_key(secret: str, day: str) -> bytes:
    """Derive the 32-byte key of one secret on one UTC day (`20260101`).

    The secret is the ASCII text that was handed out, not what it may decode to. A day's key proves nothing on
    another day, so identity can hand it to the gateway without handing over the secret.
    """
    return hmac.digest((_KEY_PREFIX + secret).encode("ascii"), day.encode("ascii"), "sha256")


def string_to_sign(
    *,
    timestamp: str,
    nonce: str,
    credential: str,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body_sha256: str,
) -> str:
    """Join the fifteen lines of a request.

    `credential` is the API key, or the token without `Bearer `. `method` and `target` are as sent, `target` in
    origin form with its query. `headers` has lower-case names and trimmed values; an absent header signs as
    empty, and names that are not signed are ignored. `body_sha256` is `body_digest` of the body, or the
    declared `X-Content-SHA256`.
    """
    value = headers.get
    return (
        f"{ALGORITHM}\n{timestamp}\n{nonce}\n{credential}\n{method}\n{target}\n"
        f"content-type:{value('content-type', '')}\nidempotency-key:{value('idempotency-key', '')}\n"
        f"if-match:{value('if-match', '')}\nif-none-match:{value('if-none-match', '')}\n"
        f"range:{value('range', '')}\nif-range:{value('if-range', '')}\n"
        f"x-key:{value('x-key', '')}\nx-key-id:{value('x-key-id', '')}\n{body_sha256}"
    )


def sign(key: bytes, text: str) -> str:
    """Compute the `X-Sign` of a string to sign: 64 lower-case hex digits.

    Raises UnicodeEncodeError (a ValueError) for text that is not ASCII: nothing that may be signed is.
    """
    return hmac.digest(key, text.encode("ascii"), "sha256").hex()


def signature_matches(key: bytes, text: str, presented: str) -> bool:
    """Whether `presented` is the signature of `text`, in constant time; any garbage is just false."""
    return hmac.compare_digest(sign(key, text).encode("ascii"), presented.encode("ascii", "replace"))
