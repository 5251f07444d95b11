"""What may be kept of a mail server's answer, which quotes whatever it was sent, in whatever form that travelled."""

import base64
import re
from collections.abc import Iterable, Iterator

QUOTED = "… (the rest quotes what is secret in the mail)"
_RUN = 12
"""So many characters of a secret in a row are no chance; fewer are of no use to anybody."""
_CODES = re.compile(r"[2-5]\d\d(?: [245]\.\d{1,3}\.\d{1,3})?(?!\S)")
_BREAKS = re.compile(r"[\s=]+")
"""What breaks a line of an answer, and a line of a body in base64 or quoted-printable (RFC 2045, section 6.7)."""


def without(secrets: Iterable[str], answer: str) -> str:
    """The answer, or its codes alone (RFC 5321, RFC 3463) where it holds a part of a secret."""
    unbroken = _BREAKS.sub("", answer)
    if not any(run in unbroken for secret in secrets for spelling in _spellings(secret) for run in _runs(spelling)):
        return answer
    codes = _CODES.match(answer)
    return f"{codes[0]} {QUOTED}" if codes else QUOTED


def _spellings(secret: str) -> Iterator[str]:
    """As it is, and in base64, where it is one of three, depending on how many bytes stand before it."""
    yield secret
    for before in range(3):
        # Its first and last characters may hold bits of what stands beside the secret.
        yield base64.b64encode(b"\0" * before + secret.encode()).decode()[4:-4]


def _runs(spelling: str) -> Iterator[str]:
    return (spelling[start : start + _RUN] for start in range(len(spelling) - _RUN + 1))
