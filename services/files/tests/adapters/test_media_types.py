"""What a content is called: what it is, whatever it claims, and never something that is no media type."""

import gzip
import io
import re
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from signet_files.adapters.outbound.media_types import UNKNOWN, SniffedMediaTypes

OOXML = "application/vnd.openxmlformats-officedocument"
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9!#$&^_.+-]*")


def archive(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for name in names:
            file.writestr(name, "<x/>" * 50)
    return written.getvalue()


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 640, 480, 8, 2, 0, 0, 0) + bytes(200)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x01\x00`\x00`\x00\x00\xff\xdb\x00C\x00" + bytes(200)
DICOM = b"DICM\x02\x00\x00\x00UL\x04\x00\xc2\x00\x00\x00\x02\x00\x01\x00OB" + bytes(200)
DOS = b"MZ\x90" + bytes(57) + struct.pack("<I", 1024) + bytes(64)
WINDOWS = b"PE\0\0d\x86\6\0" + bytes(12) + struct.pack("<HHH", 240, 0x22, 0x20B) + bytes(300)
EXECUTABLE = DOS + bytes(896) + WINDOWS
SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"

KNOWN = {
    "png": (PNG, "image/png"),
    "jpeg": (JPEG, "image/jpeg"),
    "gif": (b"GIF89a\x10\x00\x10\x00\x80\x00\x00" + bytes(100), "image/gif"),
    "tiff": (b"II*\x00\x08\x00\x00\x00" + bytes(300), "image/tiff"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n", "application/pdf"),
    "dicom": (bytes(128) + DICOM, "application/dicom"),
    "dicom and tiff": (b"II*\x00" + bytes(124) + DICOM, "application/dicom"),
    "zip": (archive("a.txt", "b.txt"), "application/zip"),
    "docx": (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), f"{OOXML}.wordprocessingml.document"),
    "xlsx": (archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), f"{OOXML}.spreadsheetml.sheet"),
    "gzip": (gzip.compress(b"hello" * 99), "application/gzip"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41\0\0\0\x08free" + bytes(100), "video/mp4"),
    "executable": (EXECUTABLE, "application/vnd.microsoft.portable-executable"),
    "text": ("Patientenakte: Grüße 数据 🙂\n".encode() * 20, "text/plain"),
    "text cut inside of a character": (("x" + "ü" * 5000).encode()[:8192], "text/plain"),
    "text cut in a character of four bytes": (("x" + "🙂" * 5000).encode()[:8192], "text/plain"),
    "html": (b"<!DOCTYPE html>\n<html><body>" + SCRIPT, "text/html"),
    "a script after white space": (b"\n\n   " + SCRIPT, "text/html"),
    "svg": (SVG, "image/svg+xml"),
    "svg after a declaration": (b'<?xml version="1.0"?>\n<!-- a drawing -->\n' + SVG, "image/svg+xml"),
    "json": (b'{"a": [1, 2, {"b": null}]}', "application/json"),
    "nothing": (b"", UNKNOWN),
    "zeros": (bytes(8192), UNKNOWN),
    "an image and a page": (JPEG[:12] + b"<html>" + SCRIPT, "image/jpeg"),
    "a document and a page": (b"%PDF-1.4\n<html>" + SCRIPT, "application/pdf"),
}


@pytest.fixture(scope="module")
def media_types() -> SniffedMediaTypes:
    return SniffedMediaTypes()


@pytest.mark.parametrize("name", KNOWN)
def test_a_content_is_called_what_it_is(media_types, name):
    """What begins as one thing and hides another is called by its beginning, as those who open it take it."""
    first, media_type = KNOWN[name]
    assert media_types(first) == media_type


def test_an_executable_that_is_a_scan_as_well_is_called_executable(media_types):
    """The preamble of DICOM is free for anything; of two truths this is the one to be warned of."""
    both = DOS + DICOM.ljust(896, b"\0") + WINDOWS
    assert media_types(both) == "application/vnd.microsoft.portable-executable"


HOSTILE = st.one_of(
    st.binary(max_size=8192),
    st.tuples(st.sampled_from([first for first, _ in KNOWN.values()]), st.binary(max_size=300)).map(b"".join),
    st.lists(st.sampled_from((b"<", b"\n", b"{", b"PK\3\4", b"-/*", b"#!/", b"<?xml ", b"\xff", b"%", b"From ")))
    .map(b"".join).map(lambda some: (some * 8192)[:8192]),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=HOSTILE)
@example(first=b"\n" * 8192)
@example(first=b"[" * 8192)
def test_whatever_comes_has_some_media_type(media_types, first):
    """It goes into a header and a column: it is spelled as one, short, and no name for several answers at once."""
    told = media_types(first)
    assert MEDIA_TYPE.fullmatch(told)
    assert len(told) <= 127
    assert not told.startswith("multipart/")


class PanicException(BaseException):
    """As the bridge from Rust raises it."""

    __module__ = "pyo3_runtime"


def raising(error: BaseException):
    def magic(_first: bytes) -> str:
        raise error

    return SniffedMediaTypes(magic)


@pytest.mark.parametrize("error", [ValueError("what is that?"), PanicException("index out of bounds")])
def test_a_sniffer_that_gives_up_costs_no_upload(error):
    """Its type is what fails last of all a file has."""
    assert raising(error)(b"abc") == UNKNOWN


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_the_end_of_the_process_is_no_defect_of_the_sniffer(error):
    """A process that is told to end does."""
    with pytest.raises(type(error)):
        raising(error)(b"abc")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("video/MP2T", "video/mp2t"), ("text/PGP # encoding: armored data", "text/pgp"),
        ("text/plain; charset=x", "text/plain"), ("application/" + "x" * 115, "application/" + "x" * 115),
        ("", UNKNOWN), ("data", UNKNOWN), ("text/", UNKNOWN), ("/plain", UNKNOWN), ("text/plain\r\nX: y", UNKNOWN),
        ("text/pläin", UNKNOWN), ("multipart/x-mixed-replace", UNKNOWN), ("inode/x-empty", UNKNOWN),
        (" text/plain", UNKNOWN), ("text/plain,text/html", UNKNOWN), ("text/" + "x" * 200, UNKNOWN),
    ],
)  # fmt: skip
def test_what_the_rules_say_is_not_believed_unread(said, told):
    """They are thousands, written by many."""
    assert SniffedMediaTypes(lambda _first: said)(b"abc") == told
