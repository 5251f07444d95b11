"""Content-Disposition for whatever a file is called (RFC 6266, RFC 8187).

Nothing else here does it for every name: `send_file` of Werkzeug holds its own way back and leaves a name like
`数据.pdf` with nothing but `.pdf` for clients that do not know `filename*`.
"""

import re
import unicodedata
from urllib.parse import quote

from werkzeug.http import dump_options_header

_ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 8187, section 3.2.1, beside letters and digits
# Quotation marks and backslashes are often unquoted wrongly, `%41` is taken for an escape (RFC 6266, appendix D), and
# decomposing can bring a slash to light.
_DOUBTFUL = re.compile(r'[^ -~]|["%/\\]')
_NAMELESS = re.compile(r"[ ._]*")


def attachment(file_name: str) -> str:
    """The value of the header that has a browser save a file under its name, in ASCII alone.

    `filename*` is added where `filename` cannot say it exactly; whoever understands it prefers it.
    """
    plain = _in_ascii(file_name)
    names = {"filename": plain}
    if plain != file_name:
        names["filename*"] = f"UTF-8''{quote(file_name, safe=_ATTR_CHAR)}"
    return dump_options_header("attachment", names)


def _in_ascii(name: str) -> str:
    """What is left of a name without marks on its letters, each other character being an underscore."""
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    plain = _DOUBTFUL.sub("_", "".join(letters))
    return "file" if _NAMELESS.fullmatch(plain) else plain
