"""Whatever is wrong with an upload or a download is told, and of what is refused nothing is left: no row, no byte."""

import hashlib
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from signet import Client
from signet.api.roles import Permission
from signet.signature import sign
from signet_protocol.headers import new_nonce
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.free_ports import LOOPBACK
from signet_testing.people import add_person
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, receive, send
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

FILES = "/api/v1/files"
CONTENT = bytes(range(250)) * 800
"""200,000 bytes, more than one chunk of what is stored; each position can be told from its neighbours."""
FIVE_GIBIBYTES = 5 * 1024**3
AT_ONCE = 8


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Owner:
    """Somebody with no files yet, and everything that could betray that some were stored."""

    platform: Platform
    api: SignedApi
    user_id: int

    def prepared(
        self, name: str, content: bytes, *, declared: str | None = None, sent: bytes | None = None, **headers: str
    ) -> RawRequest:
        """An upload of `content`; `declared` is another hash than its own, `sent` other bytes than were announced."""
        digest = sha256(content) if declared is None else declared
        target = f"{FILES}?file_name={quote(name, safe='')}"
        told = {"X-Content-SHA256": digest, "Content-Length": str(len(content))}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        if "Transfer-Encoding" in told:
            del told["Content-Length"]
        fields = tuple(told.items())
        signature = sign(
            self.api.credential, method="POST", target=target, headers=fields, timestamp=int(time.time()),
            nonce=new_nonce(), body_sha256=digest,
        )  # fmt: skip
        return RawRequest("POST", target, (*fields, *signature.headers), content if sent is None else sent)

    def upload(self, name: str, content: bytes = CONTENT, *, half_close: bool = False, **how: Any) -> RawAnswer:
        return send(self.platform.port, self.prepared(name, content, **how), half_close=half_close)

    def stored(self, name: str = "scan.dcm", content: bytes = CONTENT, **how: Any) -> dict[str, Any]:
        answer = self.upload(name, content, **how)
        assert answer.code == ReturnCode.SUCCESS, answer
        data: dict[str, Any] = answer.envelope["data"]
        return data

    def content(self, file_id: int, method: str = "GET", **headers: str) -> RawAnswer:
        return self.api.call(method, f"{FILES}/{file_id}/content", **headers)

    def traces(self) -> tuple[int, int, int]:
        """How many files are listed in either state, how many bytes count to the quota, how many blobs there are."""
        listed = sum(
            self.api.call("GET", f"{FILES}?count=true&file_state={state}").envelope["data"]["total"]
            for state in ("active", "deleted")
        )
        quota = self.api.call("GET", f"/api/v1/file-quotas/{self.user_id}").envelope["data"]
        blobs = sum(1 for path in (self.platform.home / "blobs").rglob("*") if path.is_file())
        return listed, quota["used_bytes"], blobs


@pytest.fixture(scope="module")
def role(admin: Client) -> str:
    """Whoever has it works with files of their own, whatever other roles are good for."""
    names = [f"file:{operation}" for operation in ("create", "query", "update", "delete", "download")]
    permissions = [Permission(name, "own") for name in (*names, "file_quota:query")]
    return admin.roles.create(f"r{secrets.token_hex(6)}", permissions).role_name


@pytest.fixture
def owner(platform: Platform, admin: Client, api: SignedApi, role: str) -> Owner:
    person = add_person(admin, role)
    return Owner(platform, api.as_(person.credential), person.user_id)


@pytest.fixture
def nothing_stored(owner: Owner) -> Iterator[None]:
    """What is broken off is cleared away as soon as the service has seen that it is."""
    before = owner.traces()
    assert before[:2] == (0, 0)
    yield
    eventually(lambda: owner.traces() == before, what=f"{before} instead of {owner.traces()}")


@pytest.fixture(autouse=True, scope="module")
def nothing_breaks(platform: Platform) -> Iterator[None]:
    """Whatever came in: the same processes run, and none of them has a traceback to tell of."""
    before = platform.processes()
    yield
    assert platform.processes() == before
    assert not [name for name in before if "Traceback" in platform.log(name)]


def assert_field(answer: RawAnswer, field: str, message: str = "") -> None:
    assert answer.code == ReturnCode.DATA_PARAM_ERROR, answer
    [error] = answer.envelope["data"]["errors"]
    assert error["field"] == field
    assert message in error["message"]


@pytest.mark.parametrize("framing", [{}, {"Transfer_Encoding": "chunked"}])
def test_a_file_of_no_bytes_is_a_file(owner: Owner, framing: dict[str, str]) -> None:
    """It is stored, told and given back like any other; no part of it can be asked for."""
    stored = owner.stored("empty.txt", b"", sent=b"0\r\n\r\n" if framing else b"", **framing)
    assert (stored["size"], stored["sha256"], stored["media_type"]) == (0, sha256(b""), "application/octet-stream")
    whole = owner.content(stored["file_id"])
    assert (whole.status, whole.body, whole.headers["Content-Length"]) == (200, b"", "0")
    part = owner.content(stored["file_id"], Range="bytes=0-")
    assert (part.code, part.headers["Content-Range"]) == (ReturnCode.RANGE_INVALID, "bytes */0")
    assert owner.traces()[:2] == (1, 0)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("half_close", [True, False])
def test_five_gibibytes_declared_and_one_byte_sent_store_nothing(owner: Owner, half_close: bool) -> None:
    """Whoever goes away takes with him what he sent, and the room that was kept for the rest."""
    request = owner.prepared("huge.bin", CONTENT, sent=b"x", Content_Length=str(FIVE_GIBIBYTES))
    with socket.create_connection((LOOPBACK, owner.platform.port), timeout=30) as connection:
        connection.sendall(request.wire())
        eventually(lambda: owner.traces()[1] == FIVE_GIBIBYTES, what="room kept for the upload")
        if half_close:
            connection.shutdown(socket.SHUT_WR)
            assert receive(connection).status in (0, 400)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("size", [256, 4_000])
def test_a_name_that_is_too_long_is_refused(owner: Owner, size: int) -> None:
    """Names have 255 bytes; what does not even fit into a target is refused before anybody reads it."""
    assert_field(owner.upload("x" * size), "file_name", "255 bytes")
    assert owner.upload("é" * (size // 2)).code in (ReturnCode.DATA_PARAM_ERROR, ReturnCode.PARAM_ERROR)


MISLEADING = {
    "a\x00b": "control", "a\nb": "control", "\x1b[2Ja": "control", "a\x7f": "control", "a\x85b": "control",
    "scan\u202egpj.exe": "U+202E", "\u2066a\u2069": "U+2066", "a\u200fb": "U+200F", "a\u200bb": "U+200B",
    "\ufeffa": "U+FEFF", "a\u2028b": "U+2028", "\u3164": "U+3164", "../../etc/passwd": "path",
    "a\\b": "path", "..": "path", "report.exe.": "dot", "NUL.txt": "device", "   ": "empty",
}  # fmt: skip


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("name", MISLEADING, ids=ascii)
def test_a_name_that_misleads_is_refused_with_its_reason(owner: Owner, name: str) -> None:
    """The field is named, and the character by its number: nothing of the name comes back."""
    answer = owner.upload(name)
    assert_field(answer, "file_name", MISLEADING[name])
    assert answer.body.isascii()


def test_a_file_is_not_renamed_to_what_it_could_not_be_called_at_first(owner: Owner) -> None:
    """One rule for both ways, and the file stays as it was."""
    stored = owner.stored()
    for name, message in {**MISLEADING, "x" * 4_000: "255 bytes"}.items():
        answer = owner.api.call("PATCH", f"{FILES}/{stored['file_id']}", {"file_name": name})
        assert_field(answer, "file_name", message)
    assert owner.api.call("GET", f"{FILES}/{stored['file_id']}").envelope["data"] == stored


def test_a_name_is_found_however_it_is_typed(owner: Owner) -> None:
    """Composed or not, it is the same name, and it comes back for browsers exactly."""
    stored = owner.stored(" re\u0301sume\u0301 数据.pdf ")
    assert stored["file_name"] == "r\u00e9sum\u00e9 数据.pdf"
    for part in ("r\u00e9s", "re\u0301s"):
        found = owner.api.call("GET", f"{FILES}?file_name={quote(part)}").envelope["data"]["files"]
        assert [file["file_id"] for file in found] == [stored["file_id"]]
    said = owner.content(stored["file_id"], "HEAD").headers["Content-Disposition"]
    assert said == "attachment; filename=\"resume __.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9%20%E6%95%B0%E6%8D%AE.pdf"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("declared", [sha256(CONTENT + b"x"), "0" * 64, sha256(b"")])
def test_a_wrong_checksum_stores_nothing(owner: Owner, declared: str) -> None:
    """It is known at the last byte only, when all of it lies on the disk already."""
    assert owner.upload("scan.dcm", declared=declared).code == ReturnCode.PARAM_ERROR


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("declared", ["", "abc", "A" * 64, "0" * 63, "g" * 64])
def test_a_checksum_that_is_none_is_refused(owner: Owner, declared: str) -> None:
    """Before a byte of the body is read."""
    request = owner.prepared("scan.dcm", CONTENT).with_header("X-Content-SHA256", declared)
    assert send(owner.platform.port, request).code == ReturnCode.PARAM_ERROR


CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (CONTENT[:-1], {}),
        (CONTENT[:70_000], {}),
        (CONTENT, {"Content_Length": str(len(CONTENT) - 1)}),
        (CONTENT, {"Content_Length": "0"}),
        (CHUNKED[:-7], {"Transfer_Encoding": "chunked"}),
        (CHUNKED[:-1000], {"Transfer_Encoding": "chunked"}),
        (CHUNKED[:-5], {"Transfer_Encoding": "chunked"}),
        (CONTENT, {"Transfer_Encoding": "chunked"}),
    ],
    ids=["one byte less", "cut", "told less", "told nothing", "no end", "cut chunk", "no last chunk", "no chunks"],
)
def test_a_changed_length_stores_nothing(owner: Owner, sent: bytes, headers: dict[str, str]) -> None:
    """Shorter or longer than was said is not what was signed, however it is framed."""
    answer = owner.upload("scan.dcm", sent=sent, half_close=True, **headers)
    assert answer.status == 0 or answer.code == ReturnCode.PARAM_ERROR, answer


def test_a_chunked_upload_is_like_any_other(owner: Owner) -> None:
    """So that what is refused above is refused for its length."""
    stored = owner.stored(sent=CHUNKED, Transfer_Encoding="chunked")
    assert owner.content(stored["file_id"]).body == CONTENT


WHOLE = [
    "bytes=5-4", "bytes=-", "bytes=a-b", "bytes=0-1,5-6", "bytes=" + ",".join(["0-"] * 500), "seconds=0-1", "bytes=--5",
    "bytes=0x0-1", "bytes=1.0-2", "0-1", "bytes", f"bytes={'9' * 5_000}-", "bytes=-0-0",
]  # fmt: skip
NOTHING = ["bytes=200000-", "bytes=200000-200001", f"bytes={'9' * 100}-", "bytes=-0"]
PARTS = {
    "bytes=0-0": (0, 1), "bytes=199999-": (199_999, 200_000), "bytes=65535-65536": (65_535, 65_537),
    "bytes=-1": (199_999, 200_000), "bytes=-999999999999": (0, 200_000),
    f"bytes=100-{'9' * 100}": (100, 200_000), "BYTES=1-2": (1, 3),
}  # fmt: skip


def test_absurd_ranges_get_the_whole_or_a_refusal_and_never_a_wrong_byte(owner: Owner) -> None:
    """Every range of one file, since only the header differs."""
    file_id = owner.stored()["file_id"]
    for header in WHOLE:
        whole = owner.content(file_id, Range=header)
        assert (whole.status, whole.body == CONTENT, whole.headers["Content-Range"]) == (200, True, None), header
    for header in NOTHING:
        refused = owner.content(file_id, Range=header)
        assert (refused.code, refused.headers["Content-Range"]) == (ReturnCode.RANGE_INVALID, "bytes */200000"), header
    for header, (start, stop) in PARTS.items():
        part = owner.content(file_id, Range=header)
        assert (part.status, part.body) == (206, CONTENT[start:stop]), header
        assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/200000", header


def test_conditions_of_a_download_are_held(owner: Owner) -> None:
    """A part is never given of something else, and what the client has is not sent again."""
    stored = owner.stored()
    file_id, tag, other = stored["file_id"], f'"{stored["sha256"]}"', f'"{"0" * 64}"'
    assert owner.content(file_id, Range="bytes=0-9", If_Range=tag).body == CONTENT[:10]
    for condition in (other, f"W/{tag}", "Sat, 29 Oct 1994 19:43:31 GMT"):
        assert owner.content(file_id, Range="bytes=0-9", If_Range=condition).body == CONTENT
    unchanged = owner.content(file_id, If_None_Match=f"W/{tag}", Range="bytes=0-9")
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", tag)
    assert owner.content(file_id, If_None_Match=other).body == CONTENT
    assert owner.content(file_id, If_Match=other).code == ReturnCode.VERSION_CONFLICT
    head = owner.content(file_id, "HEAD", Range="bytes=0-9")
    assert (head.status, head.headers["Content-Length"]) == (200, "200000")


def at_once(owner: Owner, **headers: str) -> list[int]:
    """The same upload on several connections, each a byte short until all are; the ids that they answer."""
    with ExitStack() as opened:
        connections = []
        for _ in range(AT_ONCE):
            wire = owner.prepared("scan.dcm", CONTENT, **headers).wire()
            connection = opened.enter_context(socket.create_connection((LOOPBACK, owner.platform.port), timeout=30))
            connection.sendall(wire[:-1])
            connections.append((connection, wire[-1:]))
        for connection, last in connections:
            connection.sendall(last)
        answers = [receive(connection) for connection, _ in connections]
    assert {answer.code for answer in answers} == {ReturnCode.SUCCESS}
    return [answer.envelope["data"]["file_id"] for answer in answers]


def test_the_same_upload_at_once_under_one_key_is_one_file(owner: Owner) -> None:
    """An impatient client repeats: it has one file, pays for one, and one blob lies there."""
    before = owner.traces()
    ids = at_once(owner, Idempotency_Key=new_nonce())
    assert len(set(ids)) == 1
    expected = (1, len(CONTENT), before[2] + 1)
    eventually(lambda: owner.traces() == expected, what=f"{expected} instead of {owner.traces()}")
    assert owner.content(ids[0]).body == CONTENT


def test_the_same_upload_at_once_without_a_key_is_as_many_files(owner: Owner) -> None:
    """Nobody is told that two files are one: each can be deleted without the others."""
    before = owner.traces()
    ids = at_once(owner)
    assert len(set(ids)) == AT_ONCE
    assert owner.traces() == (AT_ONCE, AT_ONCE * len(CONTENT), before[2] + AT_ONCE)
    assert owner.api.call("DELETE", f"{FILES}/{ids[0]}?permanently=true").code == ReturnCode.SUCCESS
    assert all(owner.content(file_id).body == CONTENT for file_id in ids[1:])
