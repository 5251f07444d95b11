"""Names on this machine for files that others have named.

What the platform calls a file is somebody else's text. Here it becomes one name that any file system takes: never a
path, never hidden, never an option to some command, never what another file of the same run is called.
"""

import unicodedata
from itertools import count
from pathlib import PurePosixPath

PART_SUFFIX = ".part"
_MAX_BYTES = 255
_MAX_SUFFIX_BYTES = 32
_RESERVED = frozenset('/\\:*?"<>|')
_LEADING = frozenset(".-~")
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))})


class LocalNames:
    """Gives each file of one run a name of its own, the same in every run over the same files."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def give(self, file_name: str, file_id: int) -> str:
        """Return the safe name, with the id in it where another file has that name already."""
        safe = name = safe_name(file_name, file_id)
        for number in count():
            if _alike(name) not in self._given:
                break
            name = _with_end(safe, f" ({file_id}.{number})" if number else f" ({file_id})")
        self._given.add(_alike(name))
        return name


def safe_name(file_name: str, file_id: int) -> str:
    """Return `file_name` as one component of a path, at most 255 bytes long."""
    text = unicodedata.normalize("NFC", file_name)
    text = "".join("_" if _unsafe(character) else character for character in text).strip().rstrip(". ")
    if not text:
        return f"file-{file_id}"
    if text[0] in _LEADING or text.partition(".")[0].rstrip().upper() in _DEVICES:
        text = f"_{text}"
    if text.lower().endswith(PART_SUFFIX):
        text += "_"  # Else it could be taken for what has come of another file.
    return _with_end(text, "")


def part_name(name: str, sha256: str) -> str:
    """Return what the incomplete file is called beside `name`: by its content, so that only that is gone on with."""
    end = f".{sha256[:8]}{PART_SUFFIX}"
    return _cut(name, _MAX_BYTES - len(end)) + end


def _unsafe(character: str) -> bool:
    """Not printable are control and bidirectional characters, lone surrogates, and every space but the plain one."""
    return character in _RESERVED or not character.isprintable()


def _with_end(name: str, end: str) -> str:
    """Put `end` before the suffix, and shorten what is before both."""
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        suffix = ""
    stem = name.removesuffix(suffix)
    return _cut(stem, _MAX_BYTES - len((end + suffix).encode())) + end + suffix


def _cut(text: str, size: int) -> str:
    """Return as much of `text` as fits `size` bytes of UTF-8, cut between letters."""
    return text.encode()[:size].decode("utf-8", "ignore")


def _alike(name: str) -> str:
    """What file systems that ignore case make of a name."""
    return unicodedata.normalize("NFC", name.casefold())
