"""Tells the media type of a content from its first bytes, with the rules of libmagic in safe Rust (docs/adr/0026).

What a client or a name says is not asked. The answer is a claim about the content, no promise that it is harmless:
whoever serves it takes care of that in headers of its own.
"""

import re
from collections.abc import Callable

from pure_magic_rs import MagicDb

UNKNOWN = "application/octet-stream"

# RFC 6838, section 4.2, in lower case, at most 127 bytes; a `multipart` would be taken for several answers.
_LEAF = re.compile(
    r"(?:application|audio|font|image|message|model|text|video)/[a-z0-9][a-z0-9!#$&^_.+-]{0,114}(?![^ ;])"
)
_LAST_CHARACTER = re.compile(rb"[\xC0-\xFF][\x80-\xBF]{0,2}\Z")
_DICOM = slice(128, 132)

Magic = Callable[[bytes], str]
"""Names the media type of these bytes, or raises ValueError."""


class SniffedMediaTypes:
    """Fulfils the port `MediaTypes`. Making one takes some 16 MB and 30 ms."""

    def __init__(self, magic: Magic | None = None) -> None:
        self._magic = magic or _rules()

    def __call__(self, first: bytes) -> str:
        """The media type in lower case, without parameters, at most 127 bytes; octet-stream where it is unknown."""
        told = self._told(_without_half_a_character(first))
        # The preamble of DICOM is free for a TIFF header (PS3.10, 7.1), so that both can read it. It is a scan then.
        return "application/dicom" if told == "image/tiff" and first[_DICOM] == b"DICM" else told

    def _told(self, first: bytes) -> str:
        try:
            told = _LEAF.match(self._magic(first).lower())
        except ValueError:
            return UNKNOWN
        except BaseException as error:
            if not _is_panic(error):
                raise
            return UNKNOWN
        return told[0] if told else UNKNOWN


def _rules() -> Magic:
    rules = MagicDb()
    return lambda first: rules.best_magic_buffer(first).mime_type


def _is_panic(error: BaseException) -> bool:
    """Whether the library met a defect of its own: a panic of Rust is no Exception in Python."""
    return type(error).__module__ == "pyo3_runtime"


def _without_half_a_character(first: bytes) -> bytes:
    """Text that is cut inside of a character is not taken for text; what is no text misses three bytes at most."""
    last = _LAST_CHARACTER.search(first)
    if last is None:
        return first
    try:
        last[0].decode()
    except UnicodeDecodeError:
        return first[: last.start()]
    return first
