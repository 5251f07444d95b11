"""The body that was signed is the body that is served, whatever it was packed in.

Where others went wrong: the signature is over what was announced and the service reads what came; trailers are merged
into the headers; or a body is decompressed by somebody before anybody has looked at who sent it.
"""

import bz2
import gzip
import json
import zlib
from typing import Any

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.attacker import chunked, head
from signet_testing.raw_http import send

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
CHUNKED = b"Transfer-Encoding: chunked"


def wanting(name: str) -> bytes:
    return json.dumps({"demo_name": name}).encode()


def test_chunked_body_is_judged_by_what_it_holds_and_not_by_its_chunks(stage: Any, loot: str) -> None:
    """Class: the hash is over the frames, so that content means something else in other chunks."""
    body = wanting(loot)
    request = stage.attacker.forge("POST", DEMOS, body=body)
    wire = head(request, CHUNKED) + chunked(body[:1], body[1:7], body[7:], last=b"0;end=yes\r\nX-Note: a\r\n\r\n")
    assert send(stage.port, wire).code == ReturnCode.SUCCESS


@pytest.mark.parametrize("sent", ["longer", "shorter", "empty", "other"])
def test_chunked_body_that_is_not_the_signed_one_is_refused(stage: Any, loot: str, sent: str) -> None:
    """Class: no length was announced, so nobody compares how much came with how much was signed."""
    body = wanting(loot)
    chunks = {"longer": (body, b" "), "shorter": (body[:-1],), "empty": (), "other": (wanting(f"{loot}z"),)}[sent]
    wire = head(stage.attacker.forge("POST", DEMOS, body=body), CHUNKED) + chunked(*chunks)
    assert send(stage.port, wire).code == ReturnCode.SIGN_INVALID
    assert not stage.exists(loot)
    stage.assert_nothing_lingers()


LIARS = {
    "larger than its data": b"%x\r\n%b\r\n0\r\n\r\n",
    "a sign": b"+%x\r\n%b\r\n0\r\n\r\n",
    "a minus": b"-%x\r\n%b\r\n0\r\n\r\n",
    "a prefix": b"0x%x\r\n%b\r\n0\r\n\r\n",
    "an underscore": b"0_%x\r\n%b\r\n0\r\n\r\n",
    "a leading space": b" %x\r\n%b\r\n0\r\n\r\n",
    "beyond 64 bits": b"1000000000000000%08x\r\n%b\r\n0\r\n\r\n",
    "a NUL": b"%x\x00\r\n%b\r\n0\r\n\r\n",
    "no line end behind the data": b"%x\r\n%b0\r\n\r\n",
    "nothing but an extension": b";%x\r\n%b\r\n0\r\n\r\n",
    "a bare carriage return in an extension": b"%x;a\rb\r\n%b\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("how", LIARS)
def test_lying_chunk_size_gets_nothing_through(stage: Any, loot: str, how: str) -> None:
    """Class: sizes that overflow, wrap or are read with another base, so that the data holds a second request."""
    body = wanting(loot)
    size = len(body) + (200 if how == "larger than its data" else 0)
    hidden = stage.attacker.forge("POST", DEMOS, body=body).wire()
    wire = head(stage.attacker.forge("POST", DEMOS, body=body), CHUNKED) + LIARS[how] % (size, body) + hidden
    answers = stage.attacker.converse(wire)
    # nginx reads over what some parsers would stumble on and forwards what it read, with its length: then every part
    # has been judged by its own signature. Nothing may be carried out twice, or without one.
    created = [answer for answer in answers if answer.status == 200]
    assert len(answers) <= 2, answers
    assert len(created) <= 1, answers
    assert all(answer.status < 500 for answer in answers), answers
    if how in {"larger than its data", "no line end behind the data"}:
        assert not stage.exists(loot)
    stage.assert_nothing_lingers()


@pytest.mark.parametrize(
    "name", ["X-Sign", "X-Api-Key", "X-Nonce", "X-Timestamp", "X-Passport", "Content-Type", "Host"]
)
def test_trailer_is_never_a_header(stage: Any, loot: str, name: str) -> None:
    """Class: trailers are merged into the headers after the checks, or complete what was missing for them."""
    body = wanting(loot)
    signed = stage.attacker.forge("POST", DEMOS, body=body, headers=[("Content-Type", "application/json")])
    values = {**dict(signed.headers), "X-Passport": "a.b.c", "Host": "identity"}
    late = b"0\r\n%b: %b\r\n\r\n" % (name.encode(), values[name].encode())
    without = head(signed.without_header(name), CHUNKED, b"Trailer: " + name.encode(), host=name != "Host")
    answer = send(stage.port, without + chunked(body, last=late))
    assert answer.code == ReturnCode.SUCCESS if name == "X-Passport" else 400 <= answer.status < 500
    assert stage.exists(loot) is (name == "X-Passport")


BOMB = b" " * 5_000_000
ENCODINGS = {
    "gzip": gzip.compress(BOMB),
    "x-gzip": gzip.compress(BOMB),
    "deflate": zlib.compress(BOMB),
    "bzip2": bz2.compress(BOMB),
    "br": b"\x1b\xff\xff\xff",
    "zstd": b"\x28\xb5\x2f\xfd\x04\x00",
    "identity": b'{"demo_name":"harmless"}',
    "gzip, gzip": gzip.compress(gzip.compress(BOMB)),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_compressed_body_is_refused_unopened(stage: Any, encoding: str) -> None:
    """Class: zip bombs, and a hash over one form of the body while the service reads the other."""
    request = stage.attacker.forge("POST", DEMOS, body=ENCODINGS[encoding], headers=[("Content-Encoding", encoding)])
    assert send(stage.port, request).code == ReturnCode.MEDIA_TYPE_UNSUPPORTED
    unsigned = request.with_header("X-Sign", "0" * 64)
    assert send(stage.port, unsigned).code == ReturnCode.MEDIA_TYPE_UNSUPPORTED


def test_compressed_body_that_does_not_say_so_is_not_opened_either(stage: Any, loot: str) -> None:
    """Class: content sniffing by some helpful layer."""
    answer = send(stage.port, stage.attacker.forge("POST", DEMOS, body=gzip.compress(wanting(loot))))
    assert answer.status == 400
    assert not stage.exists(loot)


def test_body_that_breaks_off_is_not_carried_out(stage: Any, loot: str) -> None:
    """Class: what came is taken for the whole when the client has gone."""
    body = wanting(loot)
    whole = stage.attacker.forge("POST", DEMOS, body=body)
    for wire in (
        head(whole, b"Content-Length: %d" % (len(body) + 1)) + body,
        head(whole, CHUNKED) + chunked(body, last=b""),
        head(whole, CHUNKED) + chunked(body, last=b"0\r\n"),
    ):
        assert send(stage.port, wire, half_close=True).status in {0, 400}
    assert not stage.exists(loot)


@pytest.mark.parametrize("second", [b"demo_name", b"demo\\u005fname"])
def test_json_that_repeats_a_name_is_refused(stage: Any, loot: str, second: bytes) -> None:
    """Class: one parser takes the first of two fields and another the last: what is checked is not what is done."""
    body = b'{"demo_name":"%b","%b":"%bz"}' % (loot.encode(), second, loot.encode())
    answer = send(stage.port, stage.attacker.forge("POST", DEMOS, body=body))
    assert answer.code == ReturnCode.DATA_PARAM_ERROR
    assert answer.envelope["data"]["errors"] == [{"field": "demo_name", "message": "is given twice"}]
    assert not stage.exists(loot)


def test_field_in_another_case_or_a_second_document_is_refused(stage: Any, loot: str) -> None:
    """Class: readers that ignore the case of names, or stop at the end of the first document."""
    name = loot.encode()
    for body in (
        b'{"demo_name":"%b","Demo_Name":"z"}',
        b'{"demo_name":"%b"}{"demo_name":"z"}',
        b'[{"demo_name":"%b"}]',
    ):
        answer = send(stage.port, stage.attacker.forge("POST", DEMOS, body=body % name))
        assert answer.status == 400, body
    assert not stage.exists(loot)
