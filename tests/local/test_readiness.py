"""When an instance counts as ready, and what is said when it never does."""

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event

import pytest
from deploy.local import readiness
from deploy.local.errors import StartFailed, Stopped
from deploy.local.readiness import Endpoint


@contextmanager
def answering(*answers: tuple[int, object]) -> Iterator[str]:
    """A server that gives these answers one after the other, and the last one for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wait(address: str, states: dict[str, str], seconds: float = 20, stop: Event | None = None) -> None:
    readiness.wait(
        [Endpoint("web", address)], lambda: states, lambda name: f"{name} says why", stop or Event(), seconds
    )


def test_ready_is_when_every_endpoint_answers_and_every_process_runs() -> None:
    """A web process answers long before a background process has connected."""
    with answering((503, {}), (200, {"status": "degraded"})) as address:
        states = {"web": "RUNNING", "background": "STARTING"}
        threading.Timer(0.3, lambda: states.update(background="RUNNING")).start()
        wait(address, states)
        assert states["background"] == "RUNNING"


def test_a_process_that_falls_ends_the_wait_at_once_with_its_last_words() -> None:
    """Waiting a minute for something that will never come teaches nobody anything."""
    with (
        answering((200, {})) as address,
        pytest.raises(StartFailed, match="background stopped at its start: background says why"),
    ):
        wait(address, {"web": "RUNNING", "background": "BACKOFF"})


def test_the_failed_check_is_named_when_time_is_up() -> None:
    """The reader needs to know which part to look at."""
    failed = {"checks": {"database": {"status": "failed"}, "bus": {"status": "ok"}}}
    with answering((503, failed)) as address, pytest.raises(StartFailed, match="web says that database failed"):
        wait(address, {"web": "RUNNING"}, seconds=0.2)


def test_a_supervisord_that_does_not_answer_is_not_ready() -> None:
    """No states at all must not pass for all states being well."""
    with answering((200, {})) as address, pytest.raises(StartFailed, match="supervisord"):
        wait(address, {}, seconds=0.2)


def test_ctrl_c_ends_the_wait() -> None:
    """Nobody should have to wait for a start that is no longer wanted."""
    stop = Event()
    stop.set()
    with answering((503, {})) as address, pytest.raises(Stopped):
        wait(address, {"web": "RUNNING"}, stop=stop)


@pytest.mark.parametrize(
    ("answer", "pending"),
    [
        ({"checks": {"outbox": {"status": "degraded", "detail": "pending=7 oldest_seconds=12.0"}}}, 7),
        ({"checks": {"outbox": {"status": "ok", "detail": ""}}}, 0),
        ({"checks": {}}, 0),
        ([], 0),
    ],
)
def test_pending_events_are_read_from_the_readiness_answer(answer: object, pending: int) -> None:
    """The relays get a moment for exactly these before they are stopped."""
    with answering((200, answer)) as address:
        assert readiness.pending_events(address) == pending


def test_a_unix_socket_is_asked_as_a_port_is() -> None:
    """All services but the outermost listen there."""
    with tempfile.TemporaryDirectory(prefix="signet-") as folder:
        path = f"{folder}/web.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()

            def answer() -> None:
                with listener.accept()[0] as connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

            server = threading.Thread(target=answer)
            server.start()
            wait(f"unix:{path}", {"web": "RUNNING"})
            server.join()
        with pytest.raises(StartFailed, match="web does not answer"):
            wait(f"unix:{path}", {"web": "RUNNING"}, seconds=0.1)
