"""Metadata on the wire: `key 0x02 value`, records joined by 0x01."""

from collections.abc import Mapping

from signet_fastdfs.errors import BadArgument, ProtocolError

RECORD, FIELD = b"\x01", b"\x02"
LARGEST_METADATA = 1 << 20
"""Bytes that are believed to be metadata; more is taken for a lie about the length."""


def encoded(metadata: Mapping[str, str]) -> bytes:
    """The body for `metadata`. Raises BadArgument for an empty key, and for text that holds a separator or NUL."""
    body = RECORD.join(_text(key) + FIELD + _text(value) for key, value in metadata.items())
    if any(not key for key in metadata) or len(body) > LARGEST_METADATA:
        raise BadArgument("metadata has an empty key, or more than a mebibyte")
    return body


def decoded(body: bytes) -> dict[str, str]:
    """The metadata in `body`, as the server sorted it. Raises ProtocolError where it is none."""
    if not body:
        return {}
    try:
        records = [record.split(FIELD) for record in body.split(RECORD)]
        return {key.decode(): value.decode() for key, value in records}
    except ValueError:
        raise ProtocolError("the server sent metadata that cannot be read") from None


def _text(text: str) -> bytes:
    if any(character in text for character in "\0\x01\x02"):
        raise BadArgument("metadata holds a separator of the protocol")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadArgument("metadata is no Unicode text") from None
