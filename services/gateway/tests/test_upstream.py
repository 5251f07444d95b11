"""The proxy against servers that misbehave: what may be sent twice, and what never is."""

import contextlib
import itertools
import socket
import tempfile
import time
from pathlib import Path

import gevent
import pytest
from gevent.event import Event as Gate
from gevent.server import StreamServer

from signet_common.passport import PassportIssuer, PassportVerifier
from signet_gateway.adapters.outbound.breaker import CircuitBreaker
from signet_gateway.adapters.outbound.connections import Connections
from signet_gateway.adapters.outbound.identity import IdentityGrants
from signet_gateway.adapters.outbound.patience import Patience
from signet_gateway.adapters.outbound.service_address import ServiceAddress
from signet_gateway.adapters.outbound.service_health import ServiceHealth
from signet_gateway.adapters.outbound.upstream import HttpUpstream
from signet_gateway.application.errors import GrantsUnavailable, UpstreamBusy, UpstreamTimeout, UpstreamUnavailable
from signet_gateway.application.grants import Credential
from signet_gateway.application.ports import CheckResult, UpstreamAnswer
from signet_protocol.signing import body_digest

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: x\r\n\r\nok"
CLOSE = b""


def listener_at(address, backlog=128):
    listener = bound_to(address)
    listener.listen(backlog)
    listener.setblocking(False)
    return listener


def bound_to(address):
    """A socket that takes no connection, and keeps everybody else from this address."""
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
    else:
        host, _, port = address.rpartition(":")
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
    return listener


class Misbehaving:
    """A server that follows a script: per request what it answers, and `CLOSE` to end the connection instead."""

    def __init__(self, address, script):
        self.script = list(script)
        self.requests = []
        self.connections = 0
        self._server = StreamServer(listener_at(address), self._serve)
        self._server.start()
        self.address = address if address.startswith("unix:") else f"127.0.0.1:{self._server.server_port}"

    def _serve(self, connection, _address):
        self.connections += 1
        while request := self._read(connection):
            self.requests.append(request)
            answer = self.script.pop(0) if self.script else OK
            if callable(answer):
                answer = answer()
            if answer == CLOSE:
                break
            connection.sendall(answer)
            if answer is not OK and not answer.endswith(b"ok"):
                break
        connection.close()

    @staticmethod
    def _read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def stop(self):
        self._server.stop()


@pytest.fixture(params=["tcp", "unix"])
def address(request):
    """Return addresses to listen at: services are reached over both, and neither may make a difference."""
    with tempfile.TemporaryDirectory(prefix="signet-") as folder:
        numbers = itertools.count()
        yield lambda: f"unix:{folder}/{next(numbers)}.sock" if request.param == "unix" else "127.0.0.1:0"


@pytest.fixture
def serve(address):
    servers = []

    def start(*script):
        servers.append(Misbehaving(address(), script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def client(server, **options):
    return client_at(server.address, **options)


def client_at(authority, *, restart_seconds=0.0, **options):
    settings = {"size": 4, "connect_timeout": 10.0, "read_timeout": 10.0} | options
    address = ServiceAddress(authority)
    connections = Connections(address, **settings)
    return HttpUpstream("resources", address.host, connections, time.monotonic, restart_seconds=restart_seconds)


def test_a_request_goes_out_as_it_came_and_its_connection_is_kept(serve):
    """Target byte for byte, head and body in one piece, one connection for many requests."""
    server = serve()
    upstream = client(server)
    answer = upstream.send("POST", "/api/v1/demos?a=%2f&b", [("x-passport", "p")], b"body")
    assert answer == UpstreamAnswer(200, [("content-length", "2"), ("etag", "x")], b"ok")
    upstream.send("GET", "/", [], b"")
    assert server.requests[0].startswith(b"POST /api/v1/demos?a=%2f&b HTTP/1.1\r\nhost: ")
    assert server.requests[0].endswith(b"x-passport: p\r\ncontent-length: 4\r\n\r\nbody")
    assert server.connections == 1


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_change_that_may_have_been_received_is_never_sent_twice(serve, method):
    """The server read it and went away: only the client can know whether to repeat it, under its Idempotency-Key."""
    server = serve(OK, CLOSE)
    upstream = client(server)
    upstream.send("GET", "/", [], b"")
    with pytest.raises(UpstreamUnavailable):
        upstream.send(method, "/x", [], b"{}")
    assert [request.split()[0] for request in server.requests] == [b"GET", method.encode()]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_on_a_kept_connection_that_was_closed_is_sent_again_once(serve, method):
    """The usual race with a server that closes idle connections, which no client should see."""
    server = serve(OK, CLOSE, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    upstream = client(server)
    upstream.send("GET", "/", [], b"")
    assert upstream.send(method, "/x", [], b"").status == 200
    assert len(server.requests) == 3
    assert server.connections == 2


def test_a_read_whose_answer_broke_off_is_not_sent_again(serve):
    """A byte of the answer came, so the request was worked on."""
    server = serve(OK, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    upstream = client(server)
    upstream.send("GET", "/", [], b"")
    with pytest.raises(UpstreamUnavailable):
        upstream.send("GET", "/x", [], b"")
    assert len(server.requests) == 2


def test_a_connection_that_was_closed_while_idle_is_not_used(serve):
    """A change is safe after a restart of the service, too."""
    server = serve(OK)
    upstream = client(server)
    upstream.send("GET", "/", [], b"")
    server.script = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"]
    upstream.send("GET", "/", [], b"")  # the server closes this connection after its answer
    gevent.sleep(0.05)
    assert upstream.send("POST", "/x", [], b"{}").status == 200


def test_a_service_that_is_not_there_is_unavailable_and_then_left_alone(serve):
    """The breaker spares both sides; it lets one request through now and then."""
    server = serve()
    server.stop()
    with bound_to(server.address):
        upstream = client(server)
        for _ in range(5):
            with pytest.raises(UpstreamUnavailable, match="cannot connect"):
                upstream.send("GET", "/", [], b"")
    with pytest.raises(UpstreamUnavailable, match="left alone"):
        upstream.send("GET", "/", [], b"")


def test_the_breaker_lets_one_request_see_whether_the_service_is_back():
    """Half open: one a second, and closed by the first answer."""
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0], failures=2, open_seconds=1.0)
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    now[0] = 1.0
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.succeeded()
    assert [breaker.allows(), breaker.allows()] == [True, True]


def test_a_service_that_is_too_slow_times_out_and_its_connection_is_not_reused(serve):
    """The late answer must not become the next request's; its place is the next one's."""
    late = Gate()
    server = serve(lambda: late.wait() and OK, OK)
    upstream = client(server, size=1, read_timeout=0.5)
    with pytest.raises(UpstreamTimeout):
        upstream.send("POST", "/slow", [], b"")
    assert len(server.requests) == 1
    late.set()
    assert upstream.send("GET", "/", [], b"").status == 200
    assert server.connections == 2


def test_connections_are_bounded(serve):
    """A service that hangs must not take every socket of the gateway."""
    done = Gate()
    server = serve(lambda: done.wait() and OK)
    upstream = client(server, size=1, connect_timeout=0.3)
    slow = gevent.spawn(upstream.send, "GET", "/slow", [], b"")
    gevent.sleep(0)
    with pytest.raises(UpstreamUnavailable, match="busy"):
        upstream.send("GET", "/", [], b"")
    done.set()
    assert slow.get(timeout=10).status == 200
    assert upstream.send("GET", "/", [], b"").status == 200


def test_a_busy_service_is_waited_for_once_and_not_taken_for_a_broken_one(serve):
    """The limit is the gateway's own: who meets it waits one time limit, and opens no breaker for everybody else."""
    done = Gate()
    server = serve(lambda: done.wait() and OK)
    upstream = client(server, size=1, connect_timeout=0.5)
    slow = gevent.spawn(upstream.send, "GET", "/slow", [], b"")
    while not server.requests:
        gevent.sleep(0.01)
    waiting = [gevent.spawn(upstream.send, "GET", "/", [], b"") for _ in range(6)]
    gevent.sleep(0)
    gevent.spawn_later(0.75, done.set)  # a second wait would find the place free again
    gevent.joinall(waiting)
    assert {type(waiter.exception) for waiter in waiting} == {UpstreamBusy}
    next_one = gevent.spawn(upstream.send, "GET", "/", [], b"")
    gevent.sleep(0)
    assert not slow.ready()  # whose answer would close a breaker again
    assert not next_one.ready()
    done.set()
    assert slow.get(timeout=10).status == 200
    next_one.join()
    assert upstream.send("GET", "/", [], b"").status == 200


def test_the_queue_for_a_busy_service_is_bounded(serve):
    """Who could only wait in vain is told at once, and holds no memory meanwhile."""
    done = Gate()
    server = serve(lambda: done.wait() and OK)
    upstream = client(server, size=1)
    served = [gevent.spawn(upstream.send, "GET", "/", [], b"") for _ in range(1 + 8)]
    one_more = gevent.spawn(upstream.send, "GET", "/", [], b"")
    gevent.sleep(0)
    assert isinstance(one_more.exception, UpstreamBusy)
    done.set()
    assert {one.get(timeout=10).status for one in served} == {200}


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", b""),
    ],
)
def test_every_framing_of_an_answer_is_understood(serve, answer, body):
    """RFC 9112 6."""
    assert client(serve(answer)).send("GET", "/", [], b"").body == body


@pytest.mark.parametrize("answer", [b"rubbish\r\n\r\n", OK + OK, b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_an_answer_that_is_none_is_never_passed_on(serve, answer):
    """Least of all a second answer, which the next request would take for its own."""
    with pytest.raises(UpstreamUnavailable):
        client(serve(answer)).send("GET", "/", [], b"")


def test_a_head_is_answered_without_waiting_for_a_body(serve):
    """Its Content-Length is that of GET."""
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n")
    answer = client(server).send("HEAD", "/", [], b"")
    assert (answer.body, dict(answer.headers)["content-length"]) == (b"", "77")


def json_answer(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


GRANT = b"""{"return_code":200,"return_msg":"","data":{"credential_id":"api_key/7","user_id":1,"user_name":"admin",
"user_state":"active","credential_state":"inactive","roles":["administrator"],"permissions":{"demo:create":"any"},
"expires_at":"2026-01-01T00:00:00Z","keys":{"20260101":"00ff"}}}"""


def test_identity_is_asked_with_a_passport_for_this_very_request(serve):
    """Nobody but the gateway learns signing keys."""
    key = b"k" * 32
    server = serve(json_answer(GRANT))
    grants = IdentityGrants(client(server), PassportIssuer("gateway", {"identity": {"k1": key}}))
    grant = grants.fetch(Credential("api_key", "ak_1"))
    assert (grant.credential_id, grant.user_active, grant.credential_active) == ("api_key/7", True, False)
    assert (grant.expires_at, grant.keys) == (1_767_225_600.0, {"20260101": b"\x00\xff"})
    assert "00ff" not in repr(grant)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    token = next(line[12:].decode() for line in head.split(b"\r\n") if line.startswith(b"x-passport:"))
    verifier = PassportVerifier("identity", {"gateway": {"k1": key}})
    passport = verifier.verify(token, method="POST", target="/internal/grants", body_sha256=body_digest(body))
    assert (passport.authentication, passport.user_id) == ("service", None)
    assert body == b'{"kind":"api_key","credential":"ak_1"}'


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (json_answer(b'{"return_code":200,"return_msg":"","data":null}'), True),
        (json_answer(b"rubbish"), False),
        (json_answer(b'{"data":{}}'), False),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", False),
        (CLOSE, False),
    ],
)
def test_an_unknown_credential_is_not_the_same_as_an_identity_that_is_down(serve, answer, known):
    """One is the caller's fault and remembered, the other is ours and is not."""
    grants = IdentityGrants(client(serve(answer)), PassportIssuer("gateway", {"identity": {"k1": b"k" * 32}}))
    if known:
        assert grants.fetch(Credential("token", "st_1")) is None
    else:
        with pytest.raises(GrantsUnavailable):
            grants.fetch(Credential("token", "st_1"))


class Reporting:
    """A service that says this when it is asked how it is; nothing if there is nothing to say."""

    def __init__(self, status, report):
        self._answer = UpstreamAnswer(status, [], report)

    def send(self, *_request):
        if not self._answer.body:
            gevent.sleep(5)
        return self._answer


def test_readiness_asks_all_services_at_once_and_waits_for_none():
    """One that hangs must not hide the others."""
    services = {
        "ready": Reporting(200, b'{"status":"ready","checks":{}}'),
        "lagging": Reporting(200, b'{"status":"degraded","checks":{"outbox":{"status":"degraded"}}}'),
        "failed": Reporting(503, b'{"status":"failed","checks":{"database":{"status":"failed"}}}'),
        "silent": Reporting(200, b""),
        "odd": Reporting(200, b"[]"),
    }
    assert ServiceHealth(services, 0.2).probe() == {
        "ready": CheckResult("ok"),
        "lagging": CheckResult("degraded", "outbox degraded"),
        "failed": CheckResult("failed", "database failed"),
        "silent": CheckResult("failed", "does not answer"),
        "odd": CheckResult("failed", "answered 200 without a report"),
    }


@pytest.mark.parametrize(("key", "sent"), [([("idempotency-key", "k1")], 2), ([], 1)])
def test_a_change_is_repeated_only_where_its_key_keeps_it_from_happening_twice(serve, key, sent):
    """A service that stops closes connections on which a request has just come; nobody can say whether it counted."""
    server = serve(CLOSE)
    service = client(server)
    try:
        answer = service.send("POST", "/api/v1/demos", key, b"{}").status
    except UpstreamUnavailable:
        answer = None
    assert len(server.requests) == sent
    assert answer == (200 if key else None)


def test_a_service_that_keeps_closing_is_not_asked_for_ever(serve):
    """A request that kills its service must not do so at every restart."""
    server = serve(*[CLOSE] * 10)
    with pytest.raises(UpstreamUnavailable):
        client(server).send("GET", "/api/v1/demos", [], b"")
    assert len(server.requests) == 3


@pytest.mark.parametrize("leaves_its_socket", [True, False])
def test_a_service_that_restarts_is_waited_for(address, leaves_its_socket):
    """Nothing was sent while it refused the connection: its clients need not hear of the restart.

    A unix socket is taken away by a service that stops, and left behind by one that is killed.
    """
    server = Misbehaving(address(), [])
    server.stop()
    with bound_to(server.address):
        if not leaves_its_socket:
            Path(server.address.removeprefix("unix:")).unlink(missing_ok=True)
        service = client_at(server.address, restart_seconds=20)
        asked = gevent.spawn(service.send, "POST", "/api/v1/demos", [], b"{}")
        gevent.sleep(0.3)
        assert not asked.ready()
        again = StreamServer(listener_at(server.address), server._serve)
        again.start()
        assert asked.get(timeout=20).status == 200
    assert len(server.requests) == 1
    again.stop()


def test_patience_with_a_service_is_shared_and_ends():
    """Who comes when a service has been away for long is told at once; once it is back, patience is as it was."""
    now = [0.0]
    patience = Patience(lambda: now[0], 10.0)
    assert patience.lasts()
    now[0] = 9.9
    assert patience.lasts()
    now[0] = 10.0
    assert not patience.lasts()
    patience.rewarded()
    assert patience.lasts()


@pytest.fixture
def full():
    """A listener that accepts nobody, its queue full; return its address and those who wait in it."""
    with tempfile.TemporaryDirectory(prefix="signet-") as folder, listener_at(f"unix:{folder}/s", 0) as listener:
        waiting = []
        with contextlib.suppress(BlockingIOError):
            while True:
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                waiting[-1].connect(f"{folder}/s")
        yield f"unix:{folder}/s", listener
        for connection in waiting:
            connection.close()


def test_a_full_queue_is_waited_for_without_spinning(full):
    """The kernel says at once that a unix socket's queue is full, where TCP would have sent its SYN again."""
    address, listener = full
    turns = itertools.count()
    each_turn = gevent.get_hub().loop.prepare()
    each_turn.start(lambda: next(turns))
    asked = gevent.spawn(ServiceAddress(address).connect, 5.0)
    gevent.sleep(0.5)
    each_turn.stop()
    assert not asked.ready()
    assert next(turns) < 200
    listener.accept()[0].close()
    asked.get(timeout=5).close()


def test_a_queue_that_stays_full_is_busy_and_no_verdict_on_the_service(full):
    """It answers everybody whom it has let in; the breaker must not shut them out."""
    upstream = client_at(full[0], connect_timeout=0.05)
    for _ in range(10):
        with pytest.raises(UpstreamBusy):
            upstream.send("GET", "/", [], b"")
