r"""What a file may be called. A name is for people: nothing here or in the store ever opens a path by it.

It is mended where nobody sees a difference, and refused where it would show something else than it is, or would turn
into something else once it is saved. Refusing says what is wrong; mending that quietly would hide it.

| in a name | what becomes of it |
|---|---|
| letters composed of several characters | composed (Unicode NFC): what looks the same is found by the same text |
| white space at either end | dropped |
| control characters, line breaks, halves of surrogate pairs | refused |
| what turns the direction of writing, and what is not seen (format characters, fillers) | refused |
| joiners (U+200C, U+200D) | kept after a letter or sign beyond ASCII: Persian, Hindi and emoji are written with them |
| `/` and `\`, `.` and `..` | refused: a path |
| a dot at the end; CON, NUL and the other devices of Windows | refused: Windows saves under another name, or nowhere |
| any other dot, any space inside, `: * ? " < > |` | kept: whoever saves a file under its name replaces what he must |

NFKC, which also makes `ﬁ` of two letters and a slash of U+FF0F, would change what somebody wrote.
"""

import re
import unicodedata

from signet_files.domain.errors import FileNameInvalid
from signet_files.domain.files import MAX_NAME_BYTES

_JOINERS = "\u200c\u200d"
# Categories do not tell that these are not seen: fillers of Hangul, an empty pattern of Braille, and the like.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_REFUSED = {
    "Cc": "the control character",
    "Cf": "a character that is not seen or turns the direction of writing,",
    "Cs": "half of a surrogate pair,",
    "Zl": "the line break",
    "Zp": "the line break",
}
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE)


def shown_name(raw: str) -> str:
    """The name as it is kept and shown: 1 to 255 bytes of UTF-8. Raises FileNameInvalid, which says what is wrong.

    What comes out passes unchanged when it comes again.
    """
    if len(raw) > MAX_NAME_BYTES:
        raise FileNameInvalid(f"is longer than {MAX_NAME_BYTES} bytes of UTF-8")
    name = composed(raw)
    for position, character in enumerate(name):
        _check(character, name[position - 1] if position else "")
    name = name.strip()
    if fault := _fault(name):
        raise FileNameInvalid(fault)
    return name


def composed(text: str) -> str:
    """The text in the form in which names are kept, so that it can be looked for in them."""
    return unicodedata.normalize("NFC", text)


def _check(character: str, before: str) -> None:
    category = unicodedata.category(character)
    if character in _JOINERS and before > "\x7f" and unicodedata.category(before)[0] in "LMS":
        return
    if fault := _REFUSED["Cf"] if character in _UNSEEN else _REFUSED.get(category):
        raise FileNameInvalid(f"holds {fault} U+{ord(character):04X}")


def _fault(name: str) -> str | None:
    if not name:
        return "is empty"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes of UTF-8"
    if name in (".", "..") or "/" in name or "\\" in name:
        return "is a path: only its last part is a name"
    if name.endswith("."):
        return "ends with a dot"
    if _DEVICE.fullmatch(name):
        return "is the name of a device on Windows"
    return None
