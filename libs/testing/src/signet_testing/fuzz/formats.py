"""Values for the string formats that the contracts name and JSON Schema does not know.

A format stands for a rule that no keyword can express: bytes instead of characters, logins that cannot be mistaken for
each other. Without a generator here, what counts as valid data would be refused by right.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_BYTES = re.compile(r"utf8-max-([1-9][0-9]*)-bytes")

# Control characters and lone surrogates are refused everywhere; the rest of Unicode is welcome.
_TEXT = st.characters(exclude_categories=("Cc", "Cs"))
_PRINTABLE = _TEXT.filter(lambda character: character.isprintable() and not character.isspace())
_ASCII = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="@")
_LINE = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
_SEEN = st.characters(
    exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"),
    exclude_characters="/\\\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0",
)

STANDARD = frozenset({"binary", "date", "date-time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"})
"""Schemathesis generates these itself."""

NAMED: dict[str, SearchStrategy[str]] = {
    # A letter in front can neither be a number nor an address, whatever follows; no two alphabets look alike here.
    "signet-user-name": st.builds(
        str.__add__,
        st.characters(min_codepoint=0x61, max_codepoint=0x7A),
        st.text(_ASCII | st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=20),
    ),
    "signet-email": st.builds(
        lambda local, domain: f"{local}@{domain}",
        st.text(_PRINTABLE.filter(lambda c: c != "@"), min_size=1, max_size=30),
        st.text(_PRINTABLE.filter(lambda c: c != "@"), min_size=1, max_size=30),
    ).filter(lambda text: len(text.encode()) <= 254),
    "signet-phone": st.from_regex(r"\A\+?[0-9]{3,31}\Z"),
    "signet-display-name": st.text(_LINE, min_size=1, max_size=60)
    .map(str.strip)
    .filter(lambda text: 0 < len(text.encode()) <= 128),
    # Between two letters nothing is white space at an end, a dot at the end or the name of a device.
    "signet-file-name": st.text(_SEEN, max_size=60)
    .map("a{}z".format)
    .filter(lambda text: len(unicodedata.normalize("NFC", text).encode()) <= 255),
    # Nobody's password begins like this, so it is no common one.
    "signet-new-password": st.text(_TEXT, min_size=12, max_size=60).map("§¶".__add__),
    "signet-permission": st.sampled_from(("demo:create", "demo:query", "user:query", "api_key:query", "record:query")),
    "signet-mail-address": st.from_regex(r"\A[a-z]{1,20}[.][a-z]{1,20}@[a-z]{1,20}[.]example[.]org\Z"),
    "signet-mail-text": st.text(_SEEN | st.sampled_from("\n\t/"), min_size=1, max_size=200),
    "signet-job-name": st.sampled_from(("drill", "erase-old-runs")),
    # Lines of every kind that come seldom: nothing shall run by itself while the fuzzer looks.
    "signet-cron": st.sampled_from(
        ("0 0 29 2 *", "5,35 */8 1-7 jan-mar,DEC sun", "59 23 31 12 *", "*/20 4 1 JUL mon-fri/2", "  7 7 7 7 7 ")
    ),
    "signet-time-zone": st.sampled_from(("UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Pacific/Apia")),
    "signet-role-name": st.sampled_from(("administrator", "operator", "auditor", "user")),
}


def strategies(documents: list[dict[str, Any]]) -> dict[str, SearchStrategy[str]]:
    """A generator for each format that the contracts name.

    Raises LookupError for one that has none: it would be skipped silently, and its field with it.
    """
    return {name: _strategy(name) for name in sorted(set(_named(documents)) - STANDARD)}


def rule(name: str) -> Callable[[str], bool] | None:
    """Whether a text satisfies a limit in bytes, as a function; None for the formats that are rules of a domain."""
    limit = _BYTES.fullmatch(name)
    if limit is None:
        return None
    return lambda text: (
        len(text.encode("utf-8", "surrogatepass")) <= int(limit[1])
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
    )


def _strategy(name: str) -> SearchStrategy[str]:
    if limit := _BYTES.fullmatch(name):
        return up_to_bytes(int(limit[1]))
    if name in NAMED:
        return NAMED[name]
    raise LookupError(f"the contracts name the string format {name!r}, for which signet_testing.fuzz has no values")


def up_to_bytes(limit: int) -> SearchStrategy[str]:
    """Texts of at least one character and at most `limit` bytes of UTF-8, the limit itself among them."""
    return st.text(_TEXT, min_size=1, max_size=limit).map(lambda text: _cut(text, limit)).filter(bool)


def _cut(text: str, limit: int) -> str:
    """The longest beginning that fits; cutting instead of drawing anew makes texts of exactly `limit` bytes common."""
    return text.encode()[:limit].decode("utf-8", "ignore")


def _named(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "string" and isinstance(node.get("format"), str):
            yield node["format"]
        for value in node.values():
            yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)
