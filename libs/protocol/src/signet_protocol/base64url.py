"""base64url without padding (RFC 4648 5, RFC 7515 2), in its one spelling: what decodes encodes to the same text."""

import base64
import re

_TEXT = re.compile(r"[A-Za-z0-9_-]*")


def encode(data: bytes) -> str:
    """Return the text of `data`, unpadded."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of `text`; raises ValueError for padding, foreign characters and stray bits at the end."""
    if _TEXT.fullmatch(text) is None or len(text) % 4 == 1:
        raise ValueError("not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data)[-4:] != text[-4:]:
        raise ValueError("base64url with stray bits at its end")
    return data
