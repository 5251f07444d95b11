"""What is well-formed gets through unchanged, and its answer leaves in one piece."""

import json
import socket
import time

import pytest

HOST = b"Host: signet.test\r\n"


def request(start: bytes, *lines: bytes, body: bytes = b"") -> bytes:
    return start + b"\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def test_the_target_is_handed_over_byte_for_byte(edge):
    """The signature is over the target as sent: a lone question mark and escapes stay what they were."""
    answer = edge.ask(request(b"GET /a%2Fb%20c? HTTP/1.1"))
    environ = answer.envelope["environ"]
    assert environ["RAW_URI"] == "/a%2Fb%20c?"
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/a/b c", "")


def test_headers_arrive_trimmed_and_repeated_ones_joined(edge):
    """Harmless headers may repeat, as RFC 9110 allows; outer blanks are no part of a value."""
    answer = edge.ask(request(b"GET / HTTP/1.1", b"X-Sign: \t a b\t ", b"Accept: a", b"Accept: b", b"Cookie: a=b"))
    environ = answer.envelope["environ"]
    assert environ["HTTP_X_SIGN"] == "a b"
    assert environ["HTTP_ACCEPT"] == "a, b"
    assert environ["HTTP_COOKIE"] == "a=b"


def test_other_headers_may_hold_any_text(edge):
    """Browsers put names in UTF-8 into headers that mean nothing to us."""
    answer = edge.ask(request(b"GET / HTTP/1.1", b"User-Agent: caf\xc3\xa9"))
    assert answer.status == 200


@pytest.mark.parametrize("host", [b"a", b"a.b:80", b"127.0.0.1:8080", b"[::1]:80", b"my_service:80"])
def test_usual_hosts_are_taken(edge, host):
    """Names of containers have underscores, and addresses have brackets."""
    assert edge.ask(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").status == 200


def test_http_1_0_needs_no_host_and_closes(edge):
    """The oldest health checks speak 1.0."""
    answer = edge.ask(b"GET / HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_a_counted_body_arrives_whole(edge):
    """Bodies larger than any buffer too."""
    body = b"0123456789" * 50_000
    answer = edge.ask(request(b"POST / HTTP/1.1", b"Content-Length: %d" % len(body), body=body))
    assert answer.envelope["body"].encode() == body


def test_a_chunked_body_arrives_decoded(edge):
    """The application sees the content, not its framing; extensions and trailers are read over."""
    body = b"3\r\nabc\r\n5;a=b\r\ndefgh\r\n0\r\nX-Sign: x\r\n\r\n"
    answer = edge.ask(request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=body))
    assert answer.envelope["body"] == "abcdefgh"
    assert "HTTP_X_SIGN" not in answer.envelope["environ"]


def test_a_chunked_body_in_single_bytes_is_put_together(edge, answer_of):
    """A packet may end between CR and LF too."""
    body = b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-A: b\r\n\r\n"
    with edge.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=body):
            client.sendall(bytes([byte]))
            time.sleep(0.001)
        assert answer_of(client).envelope["body"] == "abcde"


def test_a_body_can_be_read_by_lines_across_chunks(edge):
    """WSGI promises a file object, whatever the framing."""
    body = b"4\r\na\nbc\r\n3\r\nd\ne\r\n0\r\n\r\n"
    answer = edge.ask(request(b"POST /lines HTTP/1.1", b"Transfer-Encoding: chunked", body=body))
    assert json.loads(answer.body) == ["a\n", "bcd\n", "e"]


def test_pipelined_requests_are_answered_in_order(edge):
    """Bytes that came along with a request belong to the next one, and to nothing else."""
    first = request(b"POST /first HTTP/1.1", b"Content-Length: 3", body=b"abc")
    second = request(b"POST /second HTTP/1.1", b"Transfer-Encoding: chunked", body=b"1\r\nx\r\n0\r\n\r\n")
    third = request(b"GET /third HTTP/1.1", b"Connection: close")
    received = edge.exchange(first + second + third)
    places = [received.index(name) for name in (b'"/first"', b'"/second"', b'"/third"')]
    assert places == sorted(places)


def test_a_connection_is_kept_between_requests(edge, answer_of):
    """A signed request should not pay for a handshake."""
    with edge.connect() as client:
        for _ in range(3):
            client.sendall(request(b"GET / HTTP/1.1"))
            assert answer_of(client).status == 200


def test_a_head_in_single_bytes_is_put_together(edge, answer_of):
    """Packets may end anywhere."""
    with edge.connect() as client:
        for byte in request(b"GET / HTTP/1.1", b"X-Sign: a"):
            client.sendall(bytes([byte]))
        assert answer_of(client).envelope["environ"]["HTTP_X_SIGN"] == "a"


def test_head_is_answered_without_a_body(edge):
    """A body after HEAD would be taken for the next answer."""
    received = edge.exchange(request(b"HEAD / HTTP/1.1", b"Connection: close"))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""


def test_continue_is_sent_only_when_the_body_is_wanted(edge, answer_of):
    """Headers are checked before anybody is asked for a body."""
    lines = (b"Expect: 100-continue", b"Content-Length: 3")
    with edge.connect() as client:
        client.sendall(request(b"POST / HTTP/1.1", *lines))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert answer_of(client).envelope["body"] == "abc"
    with edge.connect() as client:
        client.sendall(request(b"POST /ignores-body HTTP/1.1", *lines))
        answer = answer_of(client)
        assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_a_large_body_that_nobody_reads_ends_the_connection(edge, rest_of):
    """Reading megabytes to forget them is what an attacker would like; the answer must arrive all the same."""
    with edge.connect() as client:
        client.sendall(request(b"POST /ignores-body HTTP/1.1", b"Content-Length: 1000000", body=b"a" * 500_000))
        client.shutdown(socket.SHUT_WR)
        received = rest_of(client)
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in received


def test_a_small_body_that_nobody_reads_is_no_second_request(edge, answer_of):
    """The rest of a body must never be parsed as a request."""
    with edge.connect() as client:
        inner = request(b"GET /smuggled HTTP/1.1")
        client.sendall(request(b"POST /ignores-body HTTP/1.1", b"Content-Length: %d" % len(inner), body=inner))
        assert answer_of(client).status == 413
        client.sendall(request(b"GET /next HTTP/1.1"))
        assert answer_of(client).envelope["environ"]["PATH_INFO"] == "/next"


def test_head_and_body_leave_in_one_send(edge):
    """Two sends cost 40 µs and a packet; the first packet must already hold everything."""
    with edge.connect() as client:
        client.sendall(request(b"GET / HTTP/1.1"))
        received = client.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"Content-Length: %d" % len(body) in head


def test_a_stream_is_chunked_and_ends(edge):
    """Without a length the end must be said."""
    received = edge.exchange(request(b"GET /streams HTTP/1.1"))
    assert received.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_a_stream_that_fails_has_no_end(edge):
    """Nobody may take half a file for the whole."""
    received = edge.exchange(request(b"GET /breaks-stream HTTP/1.1"))
    assert b"3\r\none\r\n" in received
    assert not received.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("path", [b"/fails", b"/splits-header"])
def test_an_application_that_fails_is_answered_for(edge, path):
    """The client gets an envelope that tells nothing, the log gets the traceback."""
    answer = edge.ask(request(b"GET " + path + b" HTTP/1.1"))
    assert (answer.status, answer.envelope["return_code"]) == (500, 500001)
    logged = [json.loads(line) for line in edge.log.read_text().splitlines()]
    assert any("Traceback" in line.get("exception", "") for line in logged)


def test_an_answer_shorter_than_promised_ends_the_connection(edge, answer_of):
    """The next answer must not be read as the rest of this one."""
    with edge.connect() as client:
        client.sendall(request(b"GET /promises-too-much HTTP/1.1") * 2)
        client.settimeout(5)
        received = b""
        while data := client.recv(65536):
            received += data
    assert received.count(b"HTTP/1.1 200 OK") == 1


def test_a_connection_that_stays_idle_is_closed(start_edge, answer_of):
    """Idle clients hold a slot each."""
    edge = start_edge("--keep-alive", "1")
    with edge.connect() as client:
        client.settimeout(15)
        client.sendall(request(b"GET / HTTP/1.1"))
        assert answer_of(client).status == 200
        assert client.recv(100) == b""
