"""What nginx does to a request on its way to the gateway: nothing, or a refusal that programs can read.

The signature covers the target and the headers as the client sent them, so a proxy that tidies them up breaks it, and
one that drops or merges what it finds odd hides it from the checks.
"""

import datetime
import json
import ssl
import string
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_connection
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from deploy.local.stream_locations import stream_locations

from signet_protocol.return_codes import ReturnCode
from signet_testing.free_ports import LOOPBACK, free_port
from signet_testing.nginx import NginxServer

TEMPLATE = Path(__file__).parents[2] / "deploy" / "nginx" / "nginx.conf.template"
LIMIT = 100_000
HEADERS_THAT_DECIDE = [
    "X-Api-Key",
    "Authorization",
    "X-Timestamp",
    "X-Nonce",
    "X-Sign",
    "X-Key",
    "X-Key-Id",
    "X-Content-SHA256",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Range",
    "If-Range",
    "X-Passport",
]


@dataclass
class Seen:
    """One request as the gateway would see it."""

    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Answer:
    """A raw answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes

    def envelope(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/json"
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


class Gateway(ThreadingHTTPServer):
    """Stands where the gateway stands and remembers what reached it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, free_port()), Listener)
        self.seen: list[Seen] = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.server_port}"


class Listener(BaseHTTPRequestHandler):
    """Records the request and answers 503 by itself where the target asks for it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Gateway)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(
            Seen(self.requestline.split(" ")[1], list(self.headers.items()), body, self.client_address[1])
        )
        self.send_response(503 if self.path.endswith("/refuse") else 200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"gateway")

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: pytest shows what matters."""


@dataclass
class Front:
    """nginx with a recording gateway behind it."""

    server: NginxServer
    gateway: Gateway
    start: Callable[..., NginxServer] = field(repr=False)

    def send(self, request: bytes) -> Answer:
        return exchange(self.server.port, request)


@pytest.fixture
def front(nginx_factory: Callable[[str, int], NginxServer]) -> Iterator[Front]:
    gateway = Gateway()

    def start(**settings: object) -> NginxServer:
        port = free_port()
        configuration = render(listen=f"{LOOPBACK}:{port}", gateway=gateway.address) | settings
        text = string.Template(TEMPLATE.read_text()).substitute(
            {key: str(value).replace("PORT", str(port)) for key, value in configuration.items()}
        )
        return nginx_factory(text, port)

    yield Front(start(), gateway, start)
    gateway.shutdown()
    gateway.server_close()


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1//demos",
        "//api/v1/demos",
        "/api/v1/demos/a%2Fb",
        "/api/v1/demos/%37",
        "/api/v1/demos/%e4%BD%a0;x=1;y",
        "/api/v1/demos?",
        "/api/v1/demos??a=%20+&&b",
        "/api/v1/./demos/../demos",
        "/api/v1/demos#fragment",
        '/api/v1/demos/"<>\\^`{|}',
        "/docs/a/../%2e%2e/x",
    ],
)
def test_target_reaches_the_gateway_byte_for_byte(front: Front, target: str) -> None:
    """The target is signed, and what is wrong with it is the gateway's to say."""
    assert front.send(get(target)).status == 200
    assert [seen.target for seen in front.gateway.seen] == [target]


def test_forwarded_address_is_the_connection_and_never_the_client_s_word(front: Front) -> None:
    """Rate limits and the audit log rest on this address."""
    front.send(get("/api/v1/demos", "X-Forwarded-For: 203.0.113.9", "x-forwarded-for: 203.0.113.10"))
    (seen,) = front.gateway.seen
    assert seen.values("X-Forwarded-For") == [LOOPBACK]


@pytest.mark.parametrize("name", HEADERS_THAT_DECIDE)
def test_repeated_header_is_never_merged_or_dropped(front: Front, name: str) -> None:
    """A repeated header must be refused; nginx may do so itself, but may not choose one of the two."""
    answer = front.send(get("/api/v1/demos", f"{name}: one", f"{name}: two"))
    if answer.status == 200:
        assert front.gateway.seen[0].values(name) == ["one", "two"]
    else:
        assert answer.envelope()["return_code"] == ReturnCode.PARAM_ERROR
        assert front.gateway.seen == []


@pytest.mark.parametrize("line", ["X_Api_Key: a", "X.Sign: a", "X-Sign:", "X-Sign: a\x01b", "X-Passport: forged"])
def test_strange_header_reaches_the_gateway(front: Front, line: str) -> None:
    """Silence here would turn a request that must be refused into one that passes."""
    name, value = line.split(":", 1)
    assert front.send(get("/api/v1/demos", line)).status == 200
    assert front.gateway.seen[0].values(name) == [value.strip(" ")]


def test_body_reaches_the_gateway_whole_without_a_disk(front: Front) -> None:
    """A body of any allowed size is held in memory: the worker could not even write its folder."""
    front.server.folder.chmod(0o700)
    body = bytes(range(256)) * (LIMIT // 256)
    assert front.send(post("/api/v1/demos", body)).status == 200
    assert front.gateway.seen[0].body == body


def test_connections_to_the_gateway_are_kept(front: Front) -> None:
    """A connection per request would cost more than the request."""
    for _ in range(5):
        front.send(get("/api/v1/demos"))
    assert len({seen.connection for seen in front.gateway.seen}) == 1


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (b"POST /api/v1/demos HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n", ReturnCode.BODY_TOO_LARGE),
        (b"GET /api/x HTTP/1.1\r\nHost: x\r\nX-Sign: " + b"a" * 40_000 + b"\r\n\r\n", ReturnCode.PARAM_ERROR),
        (b"GET /api/" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", ReturnCode.PARAM_ERROR),
        (b"GET http://x/api/v1/demos HTTP/1.1\r\nHost: x\r\n\r\n", ReturnCode.PARAM_ERROR),
        (b"GET /api/../../x HTTP/1.1\r\nHost: x\r\n\r\n", ReturnCode.PARAM_ERROR),
        (b"GET /api/%00 HTTP/1.1\r\nHost: x\r\n\r\n", ReturnCode.PARAM_ERROR),
        (b"GET /api/a b HTTP/1.1\r\nHost: x\r\n\r\n", ReturnCode.PARAM_ERROR),
        (b"TRACE /api/x HTTP/1.1\r\nHost: x\r\n\r\n", ReturnCode.METHOD_NOT_ALLOWED),
        (b"\x16\x03\x01\r\n\r\n", ReturnCode.PARAM_ERROR),
    ],
    ids=["body", "header", "long-target", "absolute", "above-root", "null", "space", "trace", "rubbish"],
)
def test_refusal_under_api_is_an_envelope(front: Front, request_bytes: bytes, code: ReturnCode) -> None:
    """Programs read the envelope whoever answers, and the status always goes with the code."""
    answer = front.send(request_bytes)
    assert answer.envelope()["return_code"] == code
    assert answer.envelope()["data"] is None
    assert answer.status == code.http_status
    assert len(answer.headers["x-request-id"]) == 32
    assert front.gateway.seen == []


def test_refusal_elsewhere_is_a_page_for_people(front: Front) -> None:
    """The docs and the console are looked at in a browser."""
    answer = front.send(b"POST /docs HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n")
    assert answer.status == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert b"<h1>The body is too large.</h1>" in answer.body
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_gateway_that_is_down_is_503_in_the_right_form(front: Front) -> None:
    """A 502 is no return code of ours: the caller learns that trying again makes sense."""
    front.gateway.shutdown()
    front.gateway.server_close()
    answer = front.send(get("/api/v1/demos"))
    assert (answer.status, answer.envelope()["return_code"]) == (503, ReturnCode.UPSTREAM_UNAVAILABLE)
    page = front.send(get("/docs"))
    assert (page.status, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert front.send(get("/apiary")).headers["content-type"].startswith("text/html")


def test_a_large_upload_to_a_gateway_that_is_down_is_503_too(front: Front, tmp_path: Path) -> None:
    """What a stream may be long is no matter of the page that tells the error: held to its limit, it would be 413."""
    (tmp_path / "openapi").mkdir()
    stream = {"paths": {"/api/v1/files": {"post": {"x-stream": True, "x-max-body-bytes": 10 * LIMIT}}}}
    (tmp_path / "openapi" / "files.yaml").write_text(json.dumps(stream))
    streaming = front.start(stream_locations=stream_locations(tmp_path))
    front.gateway.shutdown()
    front.gateway.server_close()
    answer = exchange(streaming.port, post("/api/v1/files", bytes(2 * LIMIT)))
    assert (answer.status, answer.envelope()["return_code"]) == (503, ReturnCode.UPSTREAM_UNAVAILABLE)


@pytest.mark.parametrize("target", ["/internal/jobs/purge-nonces", "/internal/jobs/", "/internal/%6Aobs/purge-nonces"])
def test_jobs_are_not_led_to(front: Front, target: str) -> None:
    """They lie behind the wall; the gateway would refuse them, too."""
    for request in (get(target), post(target, b""), post(target, bytes(LIMIT + 1))):
        answer = front.send(request)
        assert answer.envelope()["return_code"] in {ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.BODY_TOO_LARGE}
    assert front.gateway.seen == []


def test_error_of_the_gateway_passes_as_it_is(front: Front) -> None:
    """The gateway's own envelope says more than nginx could."""
    answer = front.send(get("/api/refuse"))
    assert (answer.status, answer.body) == (503, b"gateway")


def test_too_many_requests_are_429(front: Front) -> None:
    """The limit is counted per address, and its answer is an envelope like any other."""
    limited = front.start(requests_per_second=1, requests_burst=1)
    answers = [exchange(limited.port, get("/api/v1/demos")) for _ in range(10)]
    refused = [answer for answer in answers if answer.status != 200]
    assert {(answer.status, answer.envelope()["return_code"]) for answer in refused} == {(429, ReturnCode.RATE_LIMITED)}


def test_tls_is_a_matter_of_two_values(front: Front, tmp_path: Path) -> None:
    """Production listens with a certificate on the same configuration."""
    certificate, key = write_certificate(tmp_path)
    server = front.start(
        listen=f"{LOOPBACK}:PORT ssl http2", tls=f"ssl_certificate {certificate}; ssl_certificate_key {key};"
    )
    context = ssl.create_default_context(cafile=str(certificate))
    with (
        create_connection((LOOPBACK, server.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(get("/api/v1/demos"))
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nStrict-Transport-Security: max-age=" in answer
    assert "strict-transport-security" not in front.send(get("/api/v1/demos")).headers
    assert front.gateway.seen[0].values("X-Forwarded-Proto") == ["https"]


def render(*, listen: str, gateway: str) -> dict[str, object]:
    """Every placeholder of the template; one that is added there fails here."""
    return {
        "user": "",
        "listen": listen,
        "tls": "",
        "gateway": gateway,
        "max_body_bytes": LIMIT,
        "requests_per_second": 10_000,
        "requests_burst": 20_000,
        "connections_per_address": 2_000,
        "access_log": "off",
        "error_log": "stderr",
        "stream_locations": "",
    }


def get(target: str, *lines: str) -> bytes:
    head = [f"GET {target} HTTP/1.1", "Host: signet", "Connection: close", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1")


def post(target: str, body: bytes) -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: signet\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def exchange(port: int, request: bytes) -> Answer:
    """Send raw bytes and read one answer, as long as its Content-Length says."""
    with create_connection((LOOPBACK, port), timeout=10) as connection:
        connection.sendall(request)
        stream = connection.makefile("rb")
        status = int(stream.readline().split(b" ")[1])
        headers = {}
        while line := stream.readline().strip():
            name, value = line.decode().split(":", 1)
            assert name.lower() not in headers, f"{name} is answered twice"
            headers[name.lower()] = value.strip()
        return Answer(status, headers, stream.read(int(headers["content-length"])))


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost; returns the paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
