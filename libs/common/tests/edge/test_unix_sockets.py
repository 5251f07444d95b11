"""The worker behind a unix socket: private, replaced when stale, and its peers are nobody with an address."""

import os
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REQUEST = b"GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"


@pytest.fixture
def path() -> Iterator[Path]:
    """Short enough for a socket, wherever pytest keeps its folders."""
    with tempfile.TemporaryDirectory(prefix="signet-") as folder:
        yield Path(folder, "web.sock")


def test_the_socket_is_its_owner_s_alone_whatever_the_umask(start_edge, path) -> None:
    """A default umask lets everybody connect, or nobody of the group, as the system pleases."""
    before = os.umask(0)
    try:
        start_edge(path=path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_deployment_may_let_a_group_in(start_edge, path) -> None:
    """For an nginx that runs as somebody else."""
    start_edge("--umask", "0117", path=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_peer_has_no_address_and_cannot_give_itself_one(start_edge, path) -> None:
    """Whom to believe is the application's to say, so it must be able to tell."""
    environ = start_edge(path=path).ask(REQUEST).envelope["environ"]
    assert environ["REMOTE_ADDR"] == "unix"
    assert "REMOTE_PORT" not in environ
    assert environ["SERVER_NAME"] == "localhost"


def test_a_stale_socket_is_replaced_and_an_ordered_stop_leaves_none(start_edge, path) -> None:
    """Or the first crash would be the last start."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    edge = start_edge(path=path)
    assert edge.ask(REQUEST).status == 200
    edge.stop()
    assert not path.exists()


def test_what_has_connected_before_a_stop_is_still_served(start_edge, path) -> None:
    """The file is gone at once, so nobody knocks in vain; who waits in the queue has been promised an answer."""
    edge = start_edge(path=path)
    with edge.connect() as client:
        client.sendall(REQUEST)
        edge.process.send_signal(signal.SIGTERM)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    deadline = time.monotonic() + 10
    while edge.process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not path.exists()
