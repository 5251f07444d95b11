"""Nobody can hold a connection by being slow; the limits here are tiny, the rules are the real ones."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from signet_common.web.http_body import BodyRefused, RequestBody
from signet_common.web.http_connection import ClientConnection, ClientGone, TimeLimits
from signet_common.web.http_fields import Limits, RequestRefused

TINY = TimeLimits(first_request=0.1, idle=0.1, head=0.2, body=0.2, send=0.2, linger=0.2)


@pytest.fixture
def ends() -> Iterator[tuple[ClientConnection, socket.socket]]:
    """Our end and the client's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ClientConnection(ours, TINY), theirs


@pytest.fixture
def dripping() -> Iterator[Callable[[socket.socket, bytes], None]]:
    """Send byte after byte until the test ends: never silent for long, never done."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def drip(client: socket.socket, byte: bytes) -> None:
        def send() -> None:
            while not stop.wait(0.02):
                try:
                    client.send(byte)
                except OSError:
                    return

        threads.append(threading.Thread(target=send))
        threads[-1].start()

    yield drip
    stop.set()
    for thread in threads:
        thread.join(5)


def test_a_silent_client_is_let_go_without_a_word(ends: tuple[ClientConnection, socket.socket]) -> None:
    """An answer to no question would be taken for the answer to the next one."""
    connection, _ = ends
    assert connection.read_head(Limits()) is None


def test_a_dripping_head_is_refused(
    ends: tuple[ClientConnection, socket.socket], dripping: Callable[[socket.socket, bytes], None]
) -> None:
    """A limit on each silence alone would let a byte each nine seconds hold a slot for a day."""
    connection, client = ends
    client.sendall(b"GET / HTTP/1.1\r\nX: ")
    dripping(client, b"a")
    with pytest.raises(RequestRefused, match="too slowly"):
        connection.read_head(Limits())


def test_a_dripping_body_is_refused(
    ends: tuple[ClientConnection, socket.socket], dripping: Callable[[socket.socket, bytes], None]
) -> None:
    """The same for bodies: bytes buy time only by the KiB."""
    connection, client = ends
    dripping(client, b"a")
    body = RequestBody(connection, 1_000_000, expects_continue=False)
    with pytest.raises(BodyRefused, match="too slowly"):
        body.read()


def test_a_large_body_has_earned_its_time(ends: tuple[ClientConnection, socket.socket]) -> None:
    """An upload that moves must not be cut off by the limit that is meant for drops: it has all of its time again."""
    ours, client = ends[0].socket, ends[1]
    connection = ClientConnection(ours, replace(TINY, body=20))
    for _ in range(3):
        timer = threading.Timer(0.05, client.sendall, (b"a" * 4096,))
        timer.start()
        connection.read(65536)
        timer.join()
    assert ours.gettimeout() == 20


def test_a_client_that_takes_nothing_is_given_up(ends: tuple[ClientConnection, socket.socket]) -> None:
    """An answer nobody reads would hold the greenlet and the answer's memory."""
    connection, _ = ends
    with pytest.raises(ClientGone):
        connection.send(b"a" * 50_000_000)


@pytest.fixture
def far_ends() -> Iterator[tuple[ClientConnection, socket.socket]]:
    """The same over TCP, where little is under way in our direction."""
    with socket.socket() as listener, socket.socket() as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        theirs.connect(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
            yield ClientConnection(ours, TINY), theirs


def test_a_client_that_takes_its_answer_by_the_drop_is_given_up(
    far_ends: tuple[ClientConnection, socket.socket],
) -> None:
    """Never silent for long, and never done: the time is for what it takes, not for its next byte."""
    connection, client = far_ends
    stop = threading.Event()

    def take() -> None:
        while not stop.wait(0.02):
            client.recv(2000)

    taking, bell = threading.Thread(target=take), threading.Timer(5, stop.set)
    taking.start()
    bell.start()
    with pytest.raises(ClientGone):
        connection.send(b"a" * 50_000_000)
    in_time = not stop.is_set()
    stop.set()
    bell.cancel()
    taking.join()
    assert in_time


def test_a_large_answer_arrives_whole(ends: tuple[ClientConnection, socket.socket]) -> None:
    """In as many sends as it takes."""
    connection, client = ClientConnection(ends[0].socket, replace(TINY, send=20)), ends[1]
    answer, received = bytes(range(256)) * 8_000, bytearray()

    def take() -> None:
        while data := client.recv(100_000):
            received.extend(data)

    taking = threading.Thread(target=take)
    taking.start()
    connection.send(answer)
    connection.socket.close()
    taking.join(20)
    assert received == answer


def test_whoever_is_refused_can_go_on_sending_for_a_moment(
    far_ends: tuple[ClientConnection, socket.socket],
) -> None:
    """Much more than is thrown away at once: nginx, whose sending fails, answers with an error of its own."""
    client = far_ends[1]
    connection = ClientConnection(far_ends[0].socket, replace(TINY, linger=10))
    connection.send(b"refused")
    lingering = threading.Thread(target=lambda: (connection.linger(), connection.socket.close()))
    lingering.start()
    client.settimeout(0.05)
    with suppress(TimeoutError):
        for _ in range(80):  # 5 MiB: for ever would be longer than it lingers
            client.send(bytes(65536))
    assert client.recv(100) == b"refused"
    client.close()
    lingering.join()


def test_lingering_ends(
    ends: tuple[ClientConnection, socket.socket], dripping: Callable[[socket.socket, bytes], None]
) -> None:
    """Whoever was refused and goes on sending is not listened to for ever."""
    connection, client = ends
    dripping(client, b"a")
    connection.linger()
