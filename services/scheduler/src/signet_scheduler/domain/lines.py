"""Text that stays in its line, ends no header and begins no other; and text that every engine stores."""

import unicodedata

_BREAKING = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, lone surrogates, line and paragraph separators: a header ends there, or no reader shows them."""
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the direction of what follows: a name that holds one makes a reader misread the rest."""


def one_line(text: str, most: int = 0) -> str:
    """Make `text` one line, its white space single, cut to `most` characters unless that is 0."""
    seen = "".join(" " if unicodedata.category(c) in _BREAKING else "" if c in _TURNING else c for c in text)
    line = " ".join(seen.split())
    return line if not most or len(line) <= most else line[: most - 1] + "…"


def paragraphs(text: str) -> str:
    """Keep line ends, as LF, and tabs; no other control character."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(
        "".join(c for c in line if c == "\t" or (unicodedata.category(c) not in _BREAKING and c not in _TURNING))
        for line in lines
    )


def storable(text: str, most: int) -> str:
    """Spell out, in `most` characters, lone surrogates, which have no UTF-8, and NUL, which PostgreSQL refuses."""
    return text[:most].encode(errors="backslashreplace").decode().replace("\0", "\\x00")[:most]
