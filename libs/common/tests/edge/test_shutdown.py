"""SIGTERM: what is in flight is finished, what is idle ends at once, and nothing sits out a timeout."""

import threading
import time

REQUEST = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


def test_an_idle_client_does_not_delay_the_end(start_edge, answer_of):
    """Plain Gunicorn waits its whole graceful_timeout, 20 s here, for one idle client."""
    edge = start_edge()
    with edge.connect() as used, edge.connect():
        used.sendall(REQUEST % b"/")
        assert answer_of(used).status == 200
        edge.process.terminate()
        assert edge.process.wait(10) == 0
        assert used.recv(100) == b""


def test_a_request_in_flight_is_answered_and_its_connection_closed(start_edge, answer_of, tmp_path):
    """A deployment must not cost anybody an answer."""
    edge = start_edge()
    with edge.connect() as client:
        client.sendall(REQUEST % b"/held?%b" % bytes(tmp_path))
        wait_until((tmp_path / "entered").exists)
        edge.process.terminate()
        wait_until(lambda: refuses_connections(edge))
        (tmp_path / "released").touch()
        answer = answer_of(client)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
    assert edge.process.wait(15) == 0


def wait_until(condition):
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def refuses_connections(edge):
    try:
        edge.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_body_still_on_its_way_is_waited_for(start_edge, answer_of):
    """A request whose head has been read is in flight, although its client is the slow one."""
    edge = start_edge()
    with edge.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        time.sleep(0.2)
        edge.process.terminate()
        time.sleep(0.3)
        client.sendall(b"def")
        assert answer_of(client).envelope["body"] == "abcdef"
    assert edge.process.wait(15) == 0


def test_the_graceful_timeout_still_bounds_everything(start_edge):
    """A client that never finishes must not keep a process for ever."""
    edge = start_edge("--graceful-timeout", "1")
    with edge.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        time.sleep(0.2)
        edge.process.terminate()
        assert edge.process.wait(15) == 0


def test_requests_under_load_are_answered_or_never_accepted(start_edge):
    """Between SIGTERM and the end no client may see half an answer."""
    edge = start_edge()
    broken: list[bytes] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                received = edge.exchange((REQUEST % b"/").replace(b"Host", b"Connection: close\r\nHost"))
            except OSError:
                return
            if received and not received.endswith(b"}"):
                broken.append(received)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    time.sleep(0.3)
    edge.process.terminate()
    assert edge.process.wait(15) == 0
    stop.set()
    for client in clients:
        client.join(15)
    assert broken == []
