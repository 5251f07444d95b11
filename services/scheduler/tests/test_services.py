"""Asking other services for jobs, over real sockets: what is sent, and what becomes of each kind of answer."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signet_common.passport import PassportIssuer, PassportVerifier
from signet_protocol.signing import EMPTY_BODY_SHA256
from signet_scheduler.adapters.outbound.services import MAX_ANSWER_BYTES, HttpServices
from signet_scheduler.application.jobs import NotRetryable
from signet_scheduler.application.services import ServiceUnavailable

KEYS = {"files": {"k1": b"f" * 32}}


def envelope(data: Any, code: int = 200, message: str = "") -> bytes:
    return json.dumps({"return_code": code, "return_msg": message, "data": data}).encode()


def answer(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body


class Peer:
    """A service that reads one request and says what it was told to; without that it keeps silent."""

    def __init__(self, listener: socket.socket) -> None:
        self.requests: list[bytes] = []
        self.says: Callable[[socket.socket], None] = lambda connection: time.sleep(5)
        self._listener = listener
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.recv(65_536))
                try:
                    self.says(connection)
                except OSError:
                    continue

    def will_say(self, data: bytes) -> None:
        self.says = lambda connection: connection.sendall(data)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def peer(listener: socket.socket) -> Peer:
    return Peer(listener)


def services_at(address: str, timeout: float = 30) -> HttpServices:
    return HttpServices({"files": address}, PassportIssuer("scheduler", KEYS), timeout=timeout)


@pytest.fixture
def address(listener: socket.socket) -> str:
    return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def services(address: str) -> HttpServices:
    return services_at(address)


def ask(services: HttpServices, **query: str) -> Any:
    return services.ask("files", "collect-orphans", 7, query)


def test_a_job_is_asked_for_with_a_passport_for_this_very_request(peer: Peer, services: HttpServices) -> None:
    """And with the run's id, which the service may know it by."""
    peer.will_say(answer(envelope({"blobs": 3, "finished": True})))
    assert ask(services, after="a b") == {"blobs": 3, "finished": True}
    head = peer.requests[0].decode()
    line, *fields = head.split("\r\n")
    headers = dict(field.split(": ", 1) for field in fields if field)
    assert line == "POST /internal/jobs/collect-orphans?after=a+b HTTP/1.1"
    assert headers["Idempotency-Key"] == "run-7"
    passport = PassportVerifier("files", {"scheduler": KEYS["files"]}).verify(
        headers["X-Passport"], method="POST", target=line.split(" ")[1], body_sha256=EMPTY_BODY_SHA256
    )
    assert (passport.issuer, passport.authentication, passport.user_id) == ("scheduler", "service", None)
    assert passport.request_id == headers["X-Request-Id"]


def test_a_service_of_this_machine_is_asked_through_its_socket(tmp_path: Path) -> None:
    """As on one machine all of them are."""
    with socket.socket(socket.AF_UNIX) as listener:
        path = tmp_path / "files.sock"
        listener.bind(str(path))
        listener.listen()
        Peer(listener).will_say(answer(envelope({"finished": True})))
        assert ask(services_at(f"unix:{path}")) == {"finished": True}


AGAIN = {
    "unavailable": answer(envelope(None, 503001, "later"), "503 Service Unavailable"),
    "timed out": answer(envelope(None, 504001), "504 Gateway Timeout"),
    "broken": answer(envelope(None, 500001), "500 Internal Server Error"),
    "too many": answer(envelope(None, 429001), "429 Too Many Requests"),
    "cut body": answer(envelope({"finished": True}), length=10_000),
    "cut head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no HTTP": b"hello\r\n\r\n",
    "nothing": b"",
    "no JSON": answer(b"<html>"),
    "no envelope": answer(b"[1]"),
    "no data": answer(envelope(None)),
    "a success that says failure": answer(envelope({"finished": True}, 503001)),
    "endless": answer(b"x" * (MAX_ANSWER_BYTES + 1)),
}


@pytest.mark.parametrize("what", AGAIN)
def test_what_may_be_better_next_time_is_attempted_again(peer: Peer, services: HttpServices, what: str) -> None:
    """The engine waits, and attempts the run anew: jobs may be asked for twice."""
    peer.will_say(AGAIN[what])
    with pytest.raises(ServiceUnavailable) as refused:
        ask(services)
    assert "files" in str(refused.value)


def test_a_service_that_is_silent_or_slow_is_given_up_in_time(peer: Peer, address: str) -> None:
    """Also one that goes on for ever, a byte at a time."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)

    for says in (drip, lambda connection: time.sleep(2)):  # The silent one keeps the only thread of the peer.
        peer.says = says
        with pytest.raises(ServiceUnavailable, match="TimeoutError"):
            ask(services_at(address, timeout=0.4))


def test_a_service_that_is_not_there_is_attempted_again(tmp_path: Path) -> None:
    """It may be restarting."""
    with socket.socket() as taken:
        # Bound, so that nobody else gets the port, and not listening.
        taken.bind(("127.0.0.1", 0))
        for address in (f"127.0.0.1:{taken.getsockname()[1]}", f"unix:{tmp_path}/files.sock"):
            with pytest.raises(ServiceUnavailable):
                ask(services_at(address))


def test_what_is_refused_is_not_attempted_again_and_says_why(peer: Peer, services: HttpServices) -> None:
    """The reason is for the run's row; more of it than a sentence is nobody's page."""
    peer.will_say(answer(envelope(None, 401016, "no passport" + "!" * 5_000), "401 Unauthorized"))
    with pytest.raises(NotRetryable, match="files refuses, 401016: no passport") as refused:
        ask(services)
    assert len(str(refused.value)) < 400


def test_a_service_that_nobody_has_named_is_no_matter_of_trying(peer: Peer) -> None:
    """The settings are wrong, and say so."""
    with pytest.raises(NotRetryable, match="SCHEDULER_UPSTREAMS"):
        ask(HttpServices({}, PassportIssuer("scheduler", KEYS)))
    with pytest.raises(NotRetryable, match="SCHEDULER_PASSPORT_ISSUES"):
        ask(HttpServices({"files": "127.0.0.1:1"}, PassportIssuer("scheduler", {})))
    assert peer.requests == []
