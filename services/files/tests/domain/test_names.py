"""What a file may be called: nothing that shows something else than it is, or turns into something else once saved."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signet_files.domain.errors import FileNameInvalid, FilesError
from signet_files.domain.names import composed, shown_name
from signet_testing.fuzz.formats import NAMED

ANYTHING = st.text(st.characters(), max_size=300)


@pytest.mark.parametrize(
    "name",
    [
        "scan.dcm", "a", ".profile", "archive.tar.gz", '10:41:00 *?<>|".log', "Grüße.pdf", "数据🙂.txt",
        "a b\u00a0c\u202fd", "می\u200cخواهم.txt", "👩\u200d🚀.png", "❤\ufe0f\u200d🔥", "क\u094d\u200dष.txt",
        "…", "..a", "console.txt", "COM10", "icon", "x" * 255, "é" * 127 + "x", "💾" * 63 + "abc",
    ],
)  # fmt: skip
def test_a_name_is_shown_as_it_was_given(name):
    """Most names need nothing, whatever they are written in."""
    assert shown_name(name) == name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("re\u0301sume\u0301.pdf", "r\u00e9sum\u00e9.pdf"), ("\u1112\u1161\u11ab", "\ud55c"), ("\u212b", "\u00c5"),
        (" scan.dcm ", "scan.dcm"), ("\u3000\u00a0a\u2003", "a"), (" .a", ".a"),
    ],
)  # fmt: skip
def test_what_nobody_sees_a_difference_in_is_mended(raw, shown):
    """One system composes letters and another does not: a name is found however it is typed."""
    assert shown_name(raw) == shown


@pytest.mark.parametrize("name", ["\ufb01le", "x\u00b2", "\uff0fetc"])
def test_what_looks_different_stays_different(name):
    """Compatible characters are not made the same: that would change what was written, and could make a path."""
    assert shown_name(name) == name


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "is empty"), ("  ", "is empty"), ("\u2003", "is empty"),
        ("x" * 256, "longer than 255 bytes"), ("é" * 128, "longer than 255 bytes"),
        ("x" * 4_000, "longer than 255 bytes"),
        ("a\x00b", "control character U+0000"), ("a\nb", "control character U+000A"),
        ("\ta", "control character U+0009"), ("a\x7f", "control character U+007F"),
        ("a\x9b1m", "control character U+009B"), ("a\u2028b", "line break U+2028"), ("a\u2029", "line break U+2029"),
        ("cod\u202efdp.exe", "direction of writing, U+202E"), ("a\u2066b\u2069", "U+2066"), ("\u200ea", "U+200E"),
        ("a\u061cb", "U+061C"), ("a\u200bb", "U+200B"), ("\ufeffa", "U+FEFF"), ("a\u00adb", "U+00AD"),
        ("a\U000e0041", "U+E0041"), ("\u3164", "U+3164"), ("a\u2800", "U+2800"), ("a\u034fb", "U+034F"),
        ("sc\u200dan", "U+200D"), ("\u200cش", "U+200C"), ("ش\u200c\u200c", "U+200C"), ("a\u00a0\u200db", "U+200D"),
        ("a\ud800b", "surrogate pair, U+D800"), ("\udfff", "surrogate pair, U+DFFF"),
        (".", "is a path"), ("..", "is a path"), (" .. ", "is a path"), ("../../etc/passwd", "is a path"),
        ("a/b", "is a path"), ("/a", "is a path"), ("C:\\scan.dcm", "is a path"),
        ("a.", "ends with a dot"), ("a.exe. ", "ends with a dot"), ("...", "ends with a dot"),
        ("CON", "device"), ("nul.txt", "device"), ("aux .tar.gz", "device"), ("Com1", "device"), ("lpt³.a", "device"),
        ("conin$", "device"),
    ],
)  # fmt: skip
def test_what_would_mislead_is_refused_with_its_reason(raw, why):
    """The reason names the character by its number: repeating it would mislead whoever reads the answer."""
    with pytest.raises(FileNameInvalid, match=r".+") as refused:
        shown_name(raw)
    assert why in str(refused.value)
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()


def test_a_refused_name_is_an_error_of_this_service_and_a_bad_value():
    """Both the mapper of errors and the check of requests know what to do with it."""
    assert issubclass(FileNameInvalid, FilesError)
    assert issubclass(FileNameInvalid, ValueError)


@given(ANYTHING)
@example(" a\u0301 ")
@example("ش\u200c ")
def test_whatever_is_shown_can_be_shown(raw):
    """Nothing passes that a reader does not see, that two systems write differently, or that is a path."""
    try:
        name = shown_name(raw)
    except FileNameInvalid:
        return
    assert 1 <= len(name.encode()) <= 255
    assert name == name.strip() == unicodedata.normalize("NFC", name) == shown_name(name)
    assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {character for character in name if unicodedata.category(character) == "Cf"} - {"\u200c", "\u200d"}
    assert not set(name) & {"/", "\\"}
    assert name not in (".", "..")
    assert not name.endswith(".")


@given(ANYTHING)
def test_a_name_is_found_by_what_somebody_types(raw):
    """The text to look for is composed as names are."""
    assert composed(raw) == composed(composed(raw))
    assert composed("e\u0301") in shown_name("re\u0301sume\u0301.pdf")


@given(NAMED["signet-file-name"])
def test_what_the_fuzzer_calls_a_name_is_one(raw):
    """Otherwise it would report every refusal by right as a defect."""
    assert shown_name(raw)
