"""Content-Disposition says every name exactly, and nothing but a name."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from signet_files.adapters.inbound.disposition import attachment

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=255)
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
EXTENDED = r"UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)"
GRAMMAR = re.compile(rf"attachment; filename=({TOKEN}|{QUOTED})(?:; filename\*={EXTENDED})?")
"""RFC 6266, section 4.1, and RFC 8187, section 3.2.1, as far as they are used."""


@given(NAMES)
@example("数据🙂.txt")
@example("a\"; filename*=UTF-8''evil.exe; x=\"")
@example("a\r\nSet-Cookie: a=b")
@example("%41.txt")
@example("\uff0e\uff0e\uff0fetc")
def test_any_name_is_said_exactly_in_ascii(name):
    """Whatever it holds, it neither ends the header nor begins another parameter."""
    value = attachment(name)
    assert value.isascii()
    assert value.isprintable()
    said = GRAMMAR.fullmatch(value)
    assert said is not None
    plain, extended = said.groups()
    assert (unquote_to_bytes(extended).decode() if extended else plain.strip('"')) == name


@given(NAMES)
def test_another_parser_reads_the_same(name):
    """Werkzeug prefers what says the name exactly, as browsers do."""
    kind, options = parse_options_header(attachment(name))
    assert (kind, options["filename"]) == ("attachment", name)


@given(NAMES)
@example("\uff0e\uff0e\uff0fetc\uff3cx")
def test_the_plain_form_is_no_path_and_holds_nothing_doubtful(name):
    """Old clients unescape what they should not, and compatible characters can hide a slash."""
    plain = re.sub(r"; filename\*=.*", "", attachment(name)).removeprefix("attachment; filename=").strip('"')
    assert plain.strip(" ._") or plain == "file"
    assert not set(plain) & set('"%/\\')


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scan.dcm", "attachment; filename=scan.dcm"),
        ("my scan.dcm", 'attachment; filename="my scan.dcm"'),
        ("Résumé.pdf", "attachment; filename=Resume.pdf; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"),
        ("数据.pdf", "attachment; filename=__.pdf; filename*=UTF-8''%E6%95%B0%E6%8D%AE.pdf"),
        ("数据", "attachment; filename=file; filename*=UTF-8''%E6%95%B0%E6%8D%AE"),
        ('a"b.txt', "attachment; filename=a_b.txt; filename*=UTF-8''a%22b.txt"),
        ("50% off.txt", "attachment; filename=\"50_ off.txt\"; filename*=UTF-8''50%25%20off.txt"),
    ],
)
def test_examples_read_as_somebody_would_write_them(name, value):
    """The plain form keeps what it can: the end of a name tells what it is."""
    assert attachment(name) == value
