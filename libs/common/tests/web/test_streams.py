"""Streams at a service: the declared digest counts for uploads alone, and nothing is kept that does not fit it."""

import hashlib
from typing import ClassVar

import pytest
from flask import g
from flask_restx import Namespace, Resource

from signet_common.observability.spans import Tracing
from signet_common.passport import Passport, PassportIssuer, PassportVerifier
from signet_common.web.decorators import authentication_required, check_request, marshal_with
from signet_common.web.openapi import export
from signet_common.web.operations import operation
from signet_common.web.service import create_service
from signet_common.web.streams import stream_answer

KEY = {"k1": b"k" * 32}
BODY = b"some bytes"
DIGEST = hashlib.sha256(BODY).hexdigest()


class Body:
    """What the worker passes as `wsgi.input`: it hands out what has arrived."""

    def __init__(self, pieces):
        self.pieces = list(pieces)
        self.touched = False

    def read1(self, _size):
        self.touched = True
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def read(self, size=-1):
        return self.read1(size)


class Files(Resource):
    kept: ClassVar[list] = []

    @operation("upload", "Upload", stream=True, max_body_bytes=5000)
    @authentication_required("file", "create")
    @check_request()
    @marshal_with(None)
    def post(self):
        pieces = list(g.args.body.chunks())
        Files.kept.append((g.args.body.length, pieces))

    @operation("download", "Download", stream=True)
    @authentication_required("file", "create")
    @check_request()
    def get(self):
        return stream_answer(iter([b"ab", b"cd"]), content_type="image/png", length=4, headers={"ETag": '"1"'})


class Notes(Resource):
    @operation("note", "Note")
    @authentication_required("file", "create")
    @check_request()
    @marshal_with(None)
    def post(self):
        return None


@pytest.fixture
def app():
    Files.kept = []
    namespace = Namespace("files", path="/api/v1")
    namespace.add_resource(Files, "/files")
    namespace.add_resource(Notes, "/notes")
    verifier = PassportVerifier("files", {"gateway": KEY})
    return create_service("files", [namespace], verifier=verifier, errors={}, checks={}, tracing=Tracing())


def ask(app, method, path, *, pieces=(BODY,), proven=DIGEST, declared=DIGEST, length=len(BODY)):
    passport = Passport(
        issuer="gateway", audience="files", request_id="r", method=method, target=path, body_sha256=proven,
        user_id=1, permission="file:create", scope="any", request_digest="d",
    )  # fmt: skip
    headers = {"X-Passport": PassportIssuer("gateway", {"files": KEY}).issue(passport)}
    if declared is not None:
        headers["X-Content-SHA256"] = declared
    body = Body(pieces)
    environ = {"wsgi.input": body, "RAW_URI": path, "wsgi.input_terminated": True}
    environ |= {"CONTENT_LENGTH": str(length)} if length is not None else {"HTTP_TRANSFER_ENCODING": "chunked"}
    return app.test_client().open(path, method=method, headers=headers, environ_overrides=environ), body


@pytest.mark.parametrize("length", [len(BODY), None])
def test_an_upload_reaches_its_view_in_the_pieces_that_arrived(app, length):
    """Its passport is bound to the digest that was declared; the body is not touched before the view wants it."""
    answer, _ = ask(app, "POST", "/api/v1/files", pieces=[b"some ", b"bytes"], length=length)
    assert answer.json["return_code"] == 200
    assert Files.kept == [(length, [b"some ", b"bytes"])]


@pytest.mark.parametrize("pieces", [[b"some other bytes"], [b"some byte"], [b"some ", OSError("gone")], []])
def test_a_body_that_is_not_the_declared_one_is_refused_at_its_end(app, pieces):
    """The iterator raises, so what was stored meanwhile is thrown away."""
    answer, _ = ask(app, "POST", "/api/v1/files", pieces=pieces)
    assert (answer.json["return_code"], Files.kept) == (400001, [])


@pytest.mark.parametrize("declared", ["0" * 64, DIGEST.upper(), None, "x"])
def test_an_upload_needs_the_digest_that_its_passport_is_bound_to(app, declared):
    """Whoever can change the header on the way must not change what is stored."""
    answer, _ = ask(app, "POST", "/api/v1/files", declared=declared)
    assert answer.json["return_code"] in {400001, 401016}
    assert Files.kept == []


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/v1/notes"), ("GET", "/api/v1/files"), ("POST", "/nowhere")]
)
def test_elsewhere_a_declared_digest_proves_nothing(app, method, path):
    """Otherwise a passport for one body would carry any other."""
    answer, body = ask(app, method, path, pieces=[b"forged"], length=6)
    assert answer.json["return_code"] == 401016
    assert body.touched


def test_a_download_keeps_its_length_and_leaves_in_pieces(app):
    """The server sends each as it comes."""
    empty = hashlib.sha256(b"").hexdigest()
    answer, _ = ask(app, "GET", "/api/v1/files", pieces=[], proven=empty, declared=None, length=0)
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"abcd", "4")
    assert (answer.headers["ETag"], answer.headers["Content-Type"]) == ('"1"', "image/png")


def test_the_contract_tells_streams_apart(app):
    """The gateway and nginx learn from it what passes unbuffered, and clients which header they need."""
    paths = export(app, service="files", title="t", version="1", description="d")["paths"]
    upload, download = paths["/api/v1/files"]["post"], paths["/api/v1/files"]["get"]
    assert (upload["x-stream"], upload["x-sealed"], upload["x-max-body-bytes"]) == (True, "never", 5000)
    assert [each["name"] for each in upload["parameters"] if each["required"]] == ["X-Content-SHA256"]
    assert list(upload["requestBody"]["content"]) == ["application/octet-stream"]
    assert {"200", "206", "304", "412", "416"} <= download["responses"].keys()
    assert [each["name"] for each in download["parameters"]] == ["Range", "If-Range", "If-Match", "If-None-Match"]
    assert "x-stream" not in paths["/api/v1/notes"]["post"]
