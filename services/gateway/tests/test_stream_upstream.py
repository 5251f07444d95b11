"""Streams between the gateway and services that misbehave, on sockets."""

import time

import gevent
import pytest
from gevent.server import StreamServer

from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.adapters.outbound.service_address import ServiceAddress
from signet_gateway.adapters.outbound.stream_upstream import HttpStreamUpstream
from signet_gateway.application.errors import Refusal, UpstreamBusy, UpstreamTimeout, UpstreamUnavailable
from signet_gateway.application.request import Request
from signet_gateway.application.uploads import Upload

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BIG = 64 * 1024 * 1024


@pytest.fixture
def serve():
    """Start a server that hands each connection to a function, and return a client of it."""
    servers = []

    def start(handle, **options):
        server = StreamServer(("127.0.0.1", 0), lambda connection, _address: handle(connection))
        server.start()
        servers.append(server)
        clock = options.pop("clock", time.monotonic)
        times = {"connect_timeout": 10.0, "read_timeout": 10.0} | options
        connections = Connections(ServiceAddress(f"127.0.0.1:{server.server_port}"), size=2, **times)
        return HttpStreamUpstream("files", "files", connections, times["read_timeout"], clock)

    yield start
    for server in servers:
        server.stop(timeout=0)


def upload(pieces, length=None, limit=BIG):
    """An upload whose client sends these; a callable among them is called instead."""
    left = list(pieces)

    def receive(_size):
        piece = left.pop(0) if left else b""
        if callable(piece):
            return piece()
        return piece

    request = Request("r", "192.0.2.1", "POST", "/", {}, length, receive, receive)
    return Upload(request, limit, "0" * 64)


def head_of(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise gevent.GreenletExit  # no request any more; the server takes this for a quiet end
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def whole(answer):
    pieces = []
    while piece := answer.read():
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("length", "framing", "wire"),
    [(5, b"content-length: 5", b"hello"), (None, b"transfer-encoding: chunked", b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")],
)
def test_an_upload_keeps_its_framing(serve, length, framing, wire):
    """Who told a length is held to it by the service as well."""
    seen = []

    def handle(connection):
        head, body = head_of(connection)
        while len(body) < len(wire):
            body += connection.recv(65536)
        seen.extend((head, body))
        connection.sendall(OK)

    answer = serve(handle).open("POST", "/f", [], upload([b"he", b"llo"], length))
    assert (answer.status, whole(answer), answer.took_all) == (200, b"ok", True)
    assert framing in seen[0]
    assert seen[1] == wire


def test_an_early_answer_ends_the_upload(serve):
    """The service refuses after the head; the client would have sent for ever."""

    def handle(connection):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        gevent.sleep(5)

    forever = [lambda: gevent.sleep(3600)]
    answer = serve(handle).open("POST", "/f", [], upload([b"x", *forever], BIG))
    assert (answer.status, whole(answer), answer.took_all) == (413, b"no", False)


def test_an_answer_is_heard_while_the_service_takes_nothing(serve):
    """It has stopped reading, so sending blocks; waiting for that would be waiting for ever."""

    def handle(connection):
        head_of(connection)
        gevent.sleep(0.2)
        connection.sendall(b"HTTP/1.1 507 Full\r\nContent-Length: 0\r\n\r\n")
        gevent.sleep(5)

    answer = serve(handle).open("POST", "/f", [], upload([bytes(65536)] * 1000, BIG))
    assert (answer.status, answer.took_all) == (507, False)


def test_a_client_that_breaks_off_breaks_the_upload_off(serve):
    """Of a chunked one the last chunk must not be sent, or half a file would be a whole one."""
    seen, closed = [], gevent.event.Event()

    def handle(connection):
        _, body = head_of(connection)
        while data := connection.recv(65536):
            body += data
        seen.append(body)
        closed.set()

    def broken():
        raise OSError("the client has left")

    with pytest.raises(Refusal) as refused:
        serve(handle).open("POST", "/f", [], upload([b"half", broken]))
    assert refused.value.code == 400001
    assert closed.wait(10)
    assert seen == [b"4\r\nhalf\r\n"]


def test_a_service_that_neither_reads_nor_answers_is_given_up(serve):
    """Each upload to it holds one of few places."""
    with pytest.raises(UpstreamTimeout):
        serve(lambda _: gevent.sleep(5), read_timeout=0.5).open("POST", "/f", [], upload([bytes(65536)] * 1000, BIG))
    with pytest.raises(UpstreamTimeout):
        serve(lambda _: gevent.sleep(5), read_timeout=0.5).open("POST", "/f", [], upload([b"short"], 5))


def test_an_upload_is_never_sent_twice(serve):
    """The service has seen its head, and perhaps acted."""
    seen = []

    def handle(connection):
        seen.append(head_of(connection)[0])
        connection.close()

    with pytest.raises(UpstreamUnavailable):
        serve(handle).open("POST", "/f", [], upload([b"short"], 5))
    assert len(seen) == 1


def test_a_download_is_read_as_it_is_wanted(serve):
    """The service has sent little more than was read: the rest waits with it."""
    sent = []

    def handle(connection):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        for _ in range(BIG // 65536):
            connection.sendall(bytes(65536))
            sent.append(65536)

    answer = serve(handle, read_timeout=5.0).open("GET", "/f", [], b"")
    assert len(answer.read()) <= 65536
    gevent.sleep(0.2)
    assert sum(sent) < BIG // 2
    assert len(whole(answer)) > BIG // 2


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
    ],
)
def test_a_download_that_breaks_off_raises(serve, wire):
    """Its end is not its end."""

    def handle(connection):
        head_of(connection)
        connection.sendall(wire)
        connection.close()

    answer = serve(handle).open("GET", "/f", [], b"")
    with pytest.raises(UpstreamUnavailable):
        whole(answer)


def test_an_answer_that_ends_with_its_connection_is_refused(serve):
    """Nobody could tell a whole one from half of it."""

    def handle(connection):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nwhole or half")
        connection.close()

    with pytest.raises(UpstreamUnavailable):
        serve(handle).open("GET", "/f", [], b"")


def test_a_download_that_stalls_ends(serve):
    """In the middle, too."""

    def handle(connection):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        gevent.sleep(5)

    with pytest.raises(UpstreamTimeout):
        whole(serve(handle, read_timeout=0.5).open("GET", "/f", [], b""))


def test_a_connection_is_used_again_only_after_a_whole_answer(serve):
    """And a GET whose kept connection had gone is sent once more."""
    connections = []

    def handle(connection):
        connections.append(connection)
        for _ in range(2):
            head_of(connection)
            connection.sendall(OK)
        connection.close()

    upstream = serve(handle)
    for _ in range(3):
        answer = upstream.open("GET", "/f", [], b"")
        assert whole(answer) == b"ok"
        answer.close()
        gevent.sleep(0.05)
    assert len(connections) == 2
    upstream.open("GET", "/f", [], b"").close()
    assert whole(upstream.open("GET", "/f", [], b"")) == b"ok"
    assert len(connections) == 3


def test_uploads_leave_no_more_connections_behind_than_there_are_places(serve):
    """Each gets a new one; a service that holds a thousand would take no more after a thousand uploads."""
    held = set()

    def handle(connection):
        held.add(connection)
        try:
            while True:
                head_of(connection)
                connection.sendall(OK)
        finally:
            held.discard(connection)

    upstream = serve(handle)
    for _ in range(10):
        answer = upstream.open("POST", "/f", [], upload([b"x"], 1))
        assert whole(answer) == b"ok"
        answer.close()
    with gevent.Timeout(10):
        while len(held) > 2:
            gevent.sleep(0.01)


LARGE = bytes(300_000)
LARGE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(LARGE)


@pytest.mark.parametrize(
    ("answer", "used"), [(LARGE_HEAD + b"\r\n" + LARGE, 1), (LARGE_HEAD + b"Connection: close\r\n\r\n" + LARGE, 2)]
)
def test_a_large_answer_leaves_its_connection_as_the_service_said(serve, answer, used):
    """Its body is counted here and not parsed, which must make no difference."""
    connections = []

    def handle(connection):
        connections.append(connection)
        while True:
            head_of(connection)
            connection.sendall(answer)

    upstream = serve(handle)
    for _ in range(2):
        found = upstream.open("GET", "/f", [], b"")
        assert whole(found) == LARGE
        found.close()
    assert len(connections) == used


def test_a_large_answer_that_nobody_reads_to_its_end_ends_its_connection(serve):
    """The next request would be answered with what is left of it."""
    connections = []

    def handle(connection):
        connections.append(connection)
        head_of(connection)
        connection.sendall(LARGE_HEAD + b"\r\n" + LARGE[:-1])
        head_of(connection)
        connection.sendall(LARGE[-1:])

    upstream = serve(handle)
    for _ in range(2):
        found, received = upstream.open("GET", "/f", [], b""), 0
        while received < len(LARGE) - 1:
            received += len(found.read())
        found.close()
    assert len(connections) == 2


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_what_follows_a_counted_answer_is_nobody_s(serve, pause):
    """A service that says more than it told could answer the next request before it was sent."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"

    def handle(connection):
        head_of(connection)
        connection.sendall(LARGE_HEAD + b"\r\n" + LARGE)
        gevent.sleep(pause)
        connection.sendall(forged)
        head_of(connection)

    upstream = serve(handle)
    for _ in range(2):
        found = upstream.open("GET", "/f", [], b"")
        assert whole(found) == LARGE
        found.close()
        gevent.sleep(2 * pause)


def test_places_for_streams_are_counted_and_come_back(serve):
    """Two at once here; the third is told so, and comes in when one has ended."""

    def handle(connection):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        gevent.sleep(5)

    upstream = serve(handle, connect_timeout=0.3)
    first, _second = (upstream.open("GET", "/f", [], b"") for _ in range(2))
    with pytest.raises(UpstreamUnavailable, match="busy"):
        upstream.open("GET", "/f", [], b"")
    first.close()
    assert upstream.open("GET", "/f", [], b"").status == 200


def stream_client(port, restart_seconds):
    connections = Connections(ServiceAddress(f"127.0.0.1:{port}"), size=2, connect_timeout=10.0, read_timeout=10.0)
    return HttpStreamUpstream("files", "files", connections, 10.0, time.monotonic, restart_seconds=restart_seconds)


@pytest.mark.parametrize("body", [b"", upload([b"he", b"llo"], 5)], ids=["download", "upload"])
def test_a_service_that_restarts_is_waited_for(body):
    """Nothing was sent and nothing was read while nobody listened: a stream begins a little later, that is all."""
    seen = []

    def handle(connection, _address):
        seen.append(head_of(connection))
        connection.sendall(OK)
        gevent.sleep(1)

    method = "POST" if body else "GET"
    with gevent.socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        opened = gevent.spawn(stream_client(listener.getsockname()[1], 20.0).open, method, "/f", [], body)
        gevent.sleep(0.3)
        assert not opened.ready()
        listener.listen()
        again = StreamServer(listener, handle)
        again.start()
        assert whole(opened.get(timeout=20)) == b"ok"
        assert len(seen) == 1
    again.stop(timeout=0)


def test_a_service_that_keeps_failing_is_left_alone(serve):
    """Callers are told at once, and it is not asked for ever; an answer closes the breaker again."""
    failing, asked, now = [True], [], [0.0]

    def handle(connection):
        head_of(connection)
        asked.append(1)
        if not failing[0]:
            connection.sendall(OK)
        connection.close()

    upstream = serve(handle, clock=lambda: now[0])
    for _ in range(5):
        with pytest.raises(UpstreamUnavailable, match="closed"):
            upstream.open("POST", "/f", [], b"x")
    with pytest.raises(UpstreamUnavailable, match="left alone"):
        upstream.open("POST", "/f", [], b"x")
    assert len(asked) == 5
    failing[0] = False
    now[0] = 1.1
    for _ in range(3):
        answer = upstream.open("GET", "/f", [], b"")
        assert answer.status == 200
        answer.close()


def test_what_a_client_or_the_gateway_itself_breaks_off_opens_no_breaker(serve):
    """Six broken uploads of one client, or too many streams at once, must not cost the others their service."""

    def handle(connection):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        gevent.sleep(5)

    def silent(connection):
        while connection.recv(65536):
            pass

    def broken():
        raise OSError("the client has left")

    upstream = serve(silent)
    for _ in range(6):
        with pytest.raises(Refusal):
            upstream.open("POST", "/f", [], upload([b"half", broken]))
    busy = serve(handle, connect_timeout=0.3)
    held = [busy.open("GET", "/f", [], b"") for _ in range(2)]
    refused = [gevent.spawn(busy.open, "GET", "/f", [], b"") for _ in range(6)]
    gevent.joinall(refused)
    assert {type(one.exception) for one in refused} == {UpstreamBusy}
    held[0].close()
    assert busy.open("GET", "/f", [], b"").status == 200
    with pytest.raises(Refusal):
        upstream.open("POST", "/f", [], upload([b"half", broken]))
