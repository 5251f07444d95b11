"""The one spelling of a request target.

The target is signed as it is received, so that a proxy cannot rewrite it; and the router decodes it. Two
spellings of one path would pass one check and meet another, so all but one are refused: origin form (RFC 9112
3.2.1), a path of RFC 3986 characters normalized as its section 6.2.2 says, escapes in upper case and only where
they are needed. The query may be spelled freely, within ASCII and whole escapes: it is signed, and decoded once.
"""

import re

from signet_protocol.errors import ProtocolError

__all__ = ["TargetInvalid", "check_target"]

# An unreserved character, escaped: - . 0-9 A-Z _ a-z ~
_UNRESERVED = "2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE]"

# One search finds the first thing that is wrong in a path; the name of the group says which.
_WRONG_IN_PATH = re.compile(
    r"(?P<empty_segment>//)"
    r"|(?P<dot_segment>/\.\.?(?=/|\Z))"
    r"|(?P<broken_escape>%(?![0-9A-Fa-f]{2}))"
    r"|(?P<lower_case_escape>%(?![0-9A-F]{2}))"
    r"|(?P<escaped_slash>%2F)|(?P<escaped_backslash>%5C)|(?P<escaped_null>%00)"
    rf"|(?P<needless_escape>%(?:{_UNRESERVED}))"
    r"|(?P<character>[^A-Za-z0-9._~!$&'()*+,;=:@/%-])"
)
_WRONG_IN_QUERY = re.compile(r"(?P<broken_escape>%(?![0-9A-Fa-f]{2}))|(?P<character>[^\x21-\x22\x24-\x7e])")

_REASONS = {
    "empty_segment": "holds // in its path",
    "dot_segment": "holds a dot segment",
    "broken_escape": "holds a % without two hexadecimal digits",
    "lower_case_escape": "holds an escape in lower case in its path",
    "escaped_slash": "holds %2F in its path",
    "escaped_backslash": "holds %5C in its path",
    "escaped_null": "holds %00 in its path",
    "needless_escape": "escapes a character that needs no escape in its path",
    "character": "holds a character that must be escaped",
}


class TargetInvalid(ProtocolError):
    """The request target is not in the one spelling; the message says why, without repeating the target."""

    def __init__(self, reason: str) -> None:
        super().__init__("request-target", f"The request target {reason}.")


def check_target(target: str) -> None:
    """Raise TargetInvalid unless `target` (path, and query after the first `?`) is in its one spelling.

    A trailing slash is a path of its own, and a lone `?` at the end is fine: both are signed as they stand.
    """
    if not target.startswith("/"):
        raise TargetInvalid("must begin with /")
    path, _, query = target.partition("?")
    wrong = _WRONG_IN_PATH.search(path) or (_WRONG_IN_QUERY.search(query) if query else None)
    if wrong is not None:
        raise TargetInvalid(_REASONS[wrong.lastgroup or "character"])
