"""Streams on their way through the pipeline: let in by their head alone, and passed on as they come."""

import io

import pytest

from signet_common.passport import PassportVerifier
from signet_common.web.http_response import TransferBroken
from signet_gateway.application.errors import UpstreamUnavailable
from signet_protocol.signing import body_digest

BLOBS = "/api/v1/blobs"
DEMOS = "/api/v1/demos"
BODY = b"some bytes of any kind"
DIGEST = body_digest(BODY)
PASSPORT_KEY = b"k" * 32


class Unread:
    """A body that must not be touched."""

    def read(self, _size):
        raise AssertionError("the body was read")

    read1 = read


def upload(house, body=BODY, *, declared=DIGEST, signed=DIGEST, method="POST", **environ):
    headers = house.signed_headers(method, BLOBS, sha256=signed)
    if declared is not None:
        headers["X-Content-SHA256"] = declared
    environ.setdefault("CONTENT_LENGTH", str(len(body)))
    return house.send(method, BLOBS, headers, body, **environ)


def unread(house, **options):
    return upload(house, stream=Unread(), **options)


def test_an_upload_goes_to_its_service_under_a_passport_for_the_declared_digest(house):
    """The service proves the body against it, so it must be the one that was signed."""
    assert upload(house).status == 200
    method, target, headers, taken = house.streams.sent[0]
    assert (method, target, taken, headers["x-content-sha256"]) == ("POST", BLOBS, BODY, DIGEST)
    verifier = PassportVerifier("resources", {"gateway": {"k1": PASSPORT_KEY}}, house.clock)
    passport = verifier.verify(headers["x-passport"], method="POST", target=BLOBS, body_sha256=DIGEST)
    assert (passport.permission, passport.scope, passport.user_id) == ("demo:create", "any", 1)


def test_no_byte_of_an_upload_is_read_before_it_is_let_in(house):
    """Reading is what sends `100 Continue`: a stranger is not invited to send a gigabyte."""
    assert unread(house, signed=body_digest(b"another")).code == 401006
    assert unread(house, method="PUT").code == 403002
    assert unread(house, CONTENT_LENGTH="100001").code == 413001
    house.nonces.born = house.clock.now + 1
    assert unread(house).code == 401005
    house.nonces.born = 0
    house.regrant(user_active=False)
    assert unread(house).code == 401013
    assert house.streams.sent == []


@pytest.mark.parametrize("declared", [None, "", "0" * 63, "0" * 65, DIGEST.upper(), f"{DIGEST},{DIGEST}", "é" * 64])
def test_an_upload_says_its_digest(house, declared):
    """It is what the signature covers; without it nothing would be signed."""
    answer = unread(house, declared=declared)
    assert (answer.code, answer.document["data"]["errors"][0]["field"]) == (400001, "X-Content-SHA256")


def test_a_nonce_lets_one_upload_in(house):
    """The head alone decides, so the head alone must not be good twice."""
    headers = house.signed_headers("POST", BLOBS, sha256=DIGEST) | {"X-Content-SHA256": DIGEST}
    assert house.send("POST", BLOBS, headers, BODY).status == 200
    assert house.send("POST", BLOBS, headers, stream=Unread(), CONTENT_LENGTH="9").code == 401015


@pytest.mark.parametrize(("method", "target"), [("POST", DEMOS), ("GET", BLOBS), ("GET", DEMOS)])
def test_a_digest_is_declared_for_uploads_alone(house, method, target):
    """Elsewhere the body itself is hashed: a declared one beside it would be a second truth."""
    headers = house.signed_headers(method, target, sha256=DIGEST) | {"X-Content-SHA256": DIGEST}
    answer = house.send(method, target, headers)
    assert (answer.code, answer.document["data"]["errors"][0]["field"]) == (400001, "X-Content-SHA256")


def test_an_upload_is_never_sealed(house):
    """Nobody could open it without holding it whole."""
    headers = house.signed_headers("POST", BLOBS, sha256=DIGEST) | {"X-Content-SHA256": DIGEST}
    assert house.send("POST", BLOBS, headers | {"X-Key": "k"}, stream=Unread(), CONTENT_LENGTH="9").code == 400003


def test_a_chunked_upload_ends_at_the_limit(house):
    """Its length is not told, so it is counted."""
    body = b"x" * 100_001
    digest = body_digest(body)
    framing = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = upload(house, body, declared=digest, signed=digest, **framing)
    assert (answer.code, answer.headers["Connection"]) == (413001, "close")
    assert house.streams.sent == []
    assert upload(house, body[1:], declared=digest, signed=digest, **framing).status == 200


def test_a_download_passes_with_its_own_framing(house, make_stream):
    """Ranges and lengths are the service's; only headers for clients pass, as everywhere."""
    fields = [("content-length", "4"), ("content-range", "bytes 0-3/9"), ("accept-ranges", "bytes"), ("etag", '"1"')]
    stream = house.streams.answer = make_stream(206, [*fields, ("x-internal", "secret")], [b"ab", b"cd"])
    answer = house.signed("GET", BLOBS, {"Range": "bytes=0-3"})
    assert (answer.status, answer.body) == (206, b"abcd")
    shown = {"Content-Length": "4", "Content-Range": "bytes 0-3/9", "Accept-Ranges": "bytes", "ETag": '"1"'}
    assert answer.headers.items() >= shown.items()
    assert "x-internal" not in {name.lower() for name in answer.headers}
    assert house.streams.sent[0][2]["range"] == "bytes=0-3"
    assert stream.pieces == []


def test_a_head_lets_go_of_the_service_at_once(house, make_stream):
    """Its length is that of GET, its body none."""
    stream = house.streams.answer = make_stream(200, [("content-length", "77")], [])
    answer = house.signed("HEAD", BLOBS)
    assert (answer.status, answer.headers["Content-Length"], answer.body, stream.closed) == (200, "77", b"", 1)


def test_a_transfer_that_breaks_is_never_ended_as_if_it_were_whole(house, make_stream):
    """Whoever stores a file must notice that half of it is missing."""
    house.streams.answer = make_stream(200, [], [b"half", UpstreamUnavailable("gone")])
    with pytest.raises(TransferBroken):
        house.signed("GET", BLOBS)


def test_a_service_that_breaks_off_before_its_first_byte_is_an_error(house, make_stream):
    """Nothing has been answered yet, so the client can still be told."""
    stream = house.streams.answer = make_stream(200, [("content-length", "4")], [UpstreamUnavailable("gone")])
    assert (house.signed("GET", BLOBS).code, stream.closed) == (503001, 1)


def test_a_refusal_of_the_service_reaches_a_client_that_is_still_sending(house, make_stream):
    """And ends its connection: what it still sends belongs to nothing."""
    body = b'{"return_code":413001,"return_msg":"too large","data":null}'
    stream = house.streams.answer = make_stream(413, [("content-length", str(len(body)))], [body], took_all=False)
    house.streams.reads = False
    answer = upload(house)
    assert (answer.code, answer.headers["Connection"], stream.closed) == (413001, "close", 1)


@pytest.mark.parametrize("pieces", [[b"<h1>no</h1>"], [b"x" * 700_000, b"x" * 700_000]])
def test_an_error_without_an_envelope_is_not_shown(house, make_stream, pieces):
    """As with every other answer; and nobody fills the gateway's memory with it."""
    stream = house.streams.answer = make_stream(500, [], pieces)
    assert (house.signed("GET", BLOBS).code, stream.closed) == (500001, 1)


def test_a_client_that_leaves_frees_the_service(house, make_stream):
    """The server closes what it did not finish; so must we."""
    stream = house.streams.answer = make_stream(200, [], [b"a", b"b", b"c"])
    headers = house.signed_headers("GET", BLOBS)
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "GET", "RAW_URI": BLOBS, "PATH_INFO": BLOBS, "REMOTE_ADDR": "192.0.2.1"}
    body = house.application(environ | {"wsgi.input": io.BytesIO()}, lambda *_: None)
    assert next(iter(body)) == b"a"
    body.close()
    body.close()
    assert stream.closed == 1


def begun(house):
    """A download of which nothing has been read yet."""
    headers = house.signed_headers("GET", BLOBS)
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "GET", "RAW_URI": BLOBS, "PATH_INFO": BLOBS, "REMOTE_ADDR": "192.0.2.1"}
    return house.application(environ | {"wsgi.input": io.BytesIO()}, lambda *_: None)


def test_nobody_holds_all_the_places_of_streams(house):
    """A client that is slow on purpose holds them for days at no cost, and nobody else could store or read a file."""
    first, second = begun(house), begun(house)
    assert (house.signed("GET", BLOBS).code, unread(house).code) == (429001, 429001)
    assert house.signed("GET", BLOBS).headers["Retry-After"] == "1"
    house.regrant(user_id=2)
    assert upload(house).status == 200
    house.regrant(user_id=1)
    first.close()
    first.close()
    third = begun(house)
    assert house.signed("GET", BLOBS).code == 429001
    second.close()
    third.close()
    assert upload(house).status == 200


def test_what_fails_holds_no_place_and_gives_none_away(house, make_stream):
    """Or a service that was down for a minute would be closed to its users for good, or open without a limit."""
    body = b'{"return_code":404001,"return_msg":"none","data":null}'
    for _ in range(3):
        house.streams.answer = make_stream(404, [("content-length", str(len(body)))], [body])
        assert house.signed("GET", BLOBS).code == 404001
        house.streams.answer = make_stream(200, [("content-length", "4")], [UpstreamUnavailable("gone")])
        assert house.signed("GET", BLOBS).code == 503001
        house.streams.answer = make_stream(500, [], [b"no envelope"])
        assert house.signed("GET", BLOBS).code == 500001
        assert upload(house, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked", body=b"x" * 100_001).code == 413001
        house.streams.answer = make_stream(200, [("content-length", "4")], [])
        assert house.signed("HEAD", BLOBS).status == 200
    house.streams.answer = make_stream(200, [("content-length", "2")], [b"ok"])
    assert len([begun(house), begun(house)]) == 2
    assert house.signed("GET", BLOBS).code == 429001
