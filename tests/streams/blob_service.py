"""A service of streams for these tests: takes blobs in and counts them, and hands out as many zeros as asked for.

Run behind the real gateway as `gunicorn "tests.streams.blob_service:create()"`. It also stands in for identity: whoever
asks is told that the one API key below is an active user's.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
from flask import Flask, g, request
from flask_restx import Namespace, Resource
from pydantic import BaseModel

from signet_common.observability.spans import Tracing
from signet_common.passport import PassportVerifier, parse_keys
from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.errors import ApiError
from signet_common.web.openapi import export
from signet_common.web.operations import operation
from signet_common.web.service import create_service
from signet_common.web.streams import stream_answer
from signet_protocol.return_codes import ReturnCode
from signet_protocol.signing import signing_key, utc_day

SERVICE = "blobs"
API_KEY = "ak_streams"
SECRET = "c2lnbmV0LXRlc3Qtc3RyZWFtLXNlY3JldC0wMDAwMDE"
PASSPORT_KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"
MOST_BYTES = 2 * 1024**3
PIECE = bytes(65_536)
BLOBS = "/api/v1/blobs"
NOTES = "/api/v1/notes"


class BlobQuery(BaseModel):
    """What the service is to do with an upload."""

    refuse: bool = False
    pause: float = 0.0


class BlobView(BaseModel):
    """What has arrived."""

    size: int
    received: int
    stored: int


class Note(BaseModel):
    """An ordinary body."""

    text: str


class ContentQuery(BaseModel):
    """How many zeros, and after how many the service breaks off."""

    size: int
    fail_after: int = -1


class Blobs(Resource):  # type: ignore[misc]
    """`/api/v1/blobs`: `received` counts the bytes of every upload so far, `stored` the uploads that were whole."""

    received = 0
    stored = 0

    @operation("storeBlob", "Store a blob", stream=True, max_body_bytes=MOST_BYTES)
    @authentication_required("blob", "create")
    @sign_required
    @check_request(query=BlobQuery)
    @marshal_with(BlobView)
    def post(self) -> BlobView:
        """Take it in, or refuse it unread."""
        query: BlobQuery = g.args.query
        if query.refuse:
            raise ApiError(ReturnCode.BODY_TOO_LARGE, "there is no room for it")
        size = 0
        for piece in g.args.body.chunks():
            size += len(piece)
            Blobs.received += len(piece)
            if query.pause:
                gevent.sleep(query.pause)
        Blobs.stored += 1
        return BlobView(size=size, received=Blobs.received, stored=Blobs.stored)

    @operation("countBlobs", "Say how much has arrived")
    @authentication_required("blob", "query")
    @sign_required
    @check_request()
    @marshal_with(BlobView)
    def get(self) -> BlobView:
        """Count."""
        return BlobView(size=0, received=Blobs.received, stored=Blobs.stored)


class Content(Resource):  # type: ignore[misc]
    """`/api/v1/blobs/<id>/content`."""

    @operation("readBlob", "Read a blob", stream=True)
    @authentication_required("blob", "query")
    @sign_required
    @check_request(query=ContentQuery)
    def get(self, blob_id: int) -> Any:
        """Zeros, all or a part of them."""
        query: ContentQuery = g.args.query
        headers = {"Accept-Ranges": "bytes", "ETag": f'"{blob_id}"', "Content-Disposition": "attachment"}
        wanted, status = query.size, 200
        if (part := request.headers.get("Range")) is not None:
            first, _, last = part.removeprefix("bytes=").partition("-")
            wanted, status = int(last) - int(first) + 1, 206
            headers["Content-Range"] = f"bytes {first}-{last}/{query.size}"
        length = None if request.headers.get("Accept") == "text/chunked" else wanted
        zeros = _zeros(wanted, query.fail_after)
        return stream_answer(
            zeros, content_type="application/octet-stream", length=length, status=status, headers=headers
        )


class Notes(Resource):  # type: ignore[misc]
    """`/api/v1/notes`: an operation like any other."""

    @operation("writeNote", "Write a note")
    @authentication_required("note", "create")
    @sign_required
    @check_request(body=Note)
    @marshal_with(Note)
    def post(self) -> Note:
        """Give it back."""
        note: Note = g.args.body
        return note


def _zeros(count: int, fail_after: int) -> Iterator[bytes]:
    sent = 0
    while sent < count:
        if 0 <= fail_after <= sent:
            raise RuntimeError("the storage is gone")
        piece = PIECE[: count - sent]
        sent += len(piece)
        yield piece


def service(accepts: str) -> Flask:
    """The service alone."""
    namespace = Namespace("blobs", path="/api/v1")
    namespace.add_resource(Blobs, "/blobs")
    namespace.add_resource(Content, "/blobs/<id:blob_id>/content")
    namespace.add_resource(Notes, "/notes")
    verifier = PassportVerifier(SERVICE, parse_keys(accepts))
    return create_service(SERVICE, [namespace], verifier=verifier, errors={}, checks={}, tracing=Tracing())


def contract() -> dict[str, Any]:
    """Its contract, exported as any service's."""
    return export(service(""), service=SERVICE, title="Blobs", version="1", description="For tests.")


def create() -> Callable[..., Iterable[bytes]]:
    """Service and stand-in for identity, in one process."""
    blobs = service(os.environ["BLOBS_PASSPORT_ACCEPTS"])

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/internal/grants":
            answer: Iterable[bytes] = blobs(environ, start_response)
            return answer
        environ["wsgi.input"].read()
        body = json.dumps({"return_code": 200, "return_msg": "", "data": _grant()}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return (body,)

    return application


def _grant() -> dict[str, Any]:
    now = int(time.time())
    days = {utc_day(now + offset) for offset in (-300, 0, 300)}
    return {
        "credential_id": "api_key/1",
        "user_id": 1,
        "user_name": "streamer",
        "user_state": "active",
        "credential_state": "active",
        "roles": ["user"],
        "permissions": {"blob:create": "any", "blob:query": "any", "note:create": "any"},
        "expires_at": None,
        "keys": {day: signing_key(SECRET, day).hex() for day in days},
    }
