"""The real gateway and a service of streams, each under Gunicorn as in production; nginx in front where asked for."""

import hashlib
import http.client
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from deploy.local import nginx
from tests.streams import blob_service
from tests.streams.blob_service import API_KEY, PASSPORT_KEY, SECRET

from signet_protocol.headers import new_nonce
from signet_protocol.signing import sign, signing_key, string_to_sign, utc_day
from signet_testing.eventually import eventually
from signet_testing.free_ports import LOOPBACK, free_ports
from signet_testing.nginx import NginxServer
from signet_testing.process import ServerProcess, descendants
from signet_testing.root import ROOT

NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Door:
    """Where requests go in, and how they are signed."""

    port: int

    def connect(self, receive_buffer: int = 0) -> socket.socket:
        """A connection; a small `receive_buffer` lets the other side feel at once that nobody reads."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(60)
        client.connect((LOOPBACK, self.port))
        return client

    def head(
        self, method: str, target: str, *, sha256: str = NOTHING, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """A signed head; of an upload `sha256` is declared, too."""
        more = dict(headers or {})
        timestamp, nonce = int(time.time()), new_nonce()
        text = string_to_sign(
            timestamp=str(timestamp),
            nonce=nonce,
            credential=API_KEY,
            method=method,
            target=target,
            headers={name.lower(): value for name, value in more.items()},
            body_sha256=sha256,
        )
        more |= {"Host": LOOPBACK, "X-Api-Key": API_KEY, "X-Timestamp": str(timestamp), "X-Nonce": nonce}
        more["X-Sign"] = sign(signing_key(SECRET, utc_day(timestamp)), text)
        if sha256 != NOTHING:
            more.setdefault("X-Content-SHA256", sha256)
        lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("ascii")

    def ask(self, request: bytes, method: str = "GET") -> http.client.HTTPResponse:
        """The answer to a whole request, its body still unread."""
        client = self.connect()
        client.sendall(request)
        return answer_of(client, method)

    def count(self, name: str) -> int:
        """How many bytes of uploads the service has `received` so far, or how many whole ones it has `stored`."""
        answer = self.ask(self.head("GET", blob_service.BLOBS))
        return int(json.loads(answer.read())["data"][name])


def answer_of(client: socket.socket, method: str = "GET") -> http.client.HTTPResponse:
    """Read the head of one answer."""
    answer = http.client.HTTPResponse(client, method=method)
    answer.begin()
    return answer


@dataclass(frozen=True)
class House:
    """The running processes."""

    direct: Door
    front: Callable[[], Door]
    gateway: ServerProcess
    service: ServerProcess
    start_service: Callable[[], None]

    def doors(self, name: str) -> Door:
        """`direct` to the gateway, or through `nginx`."""
        return self.direct if name == "direct" else self.front()

    def gateway_worker(self) -> int:
        """The process whose memory counts."""
        return descendants(self.gateway.pid)[0]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("streams")
    gateway_port, service_port, public_port = free_ports(3)
    contracts = folder / "contracts"
    (contracts / "openapi").mkdir(parents=True)
    (contracts / "openapi" / "blobs.yaml").write_text(yaml.safe_dump(blob_service.contract()))
    upstream = f"http://{LOOPBACK}:{service_port}"
    service = _web(
        folder, "service", service_port, "tests.streams.blob_service:create()",
        {"BLOBS_PASSPORT_ACCEPTS": f"gateway:k1:{PASSPORT_KEY}"},
    )  # fmt: skip
    gateway = _web(
        folder, "gateway", gateway_port, "signet_gateway.entrypoints.web:create()",
        {
            "GATEWAY_BUS_URL": f"sqlite:{folder}/bus.sqlite3",
            "GATEWAY_NONCES_URL": f"sqlite:{folder}/nonces.sqlite3",
            "GATEWAY_CONTRACTS_DIR": str(contracts),
            "GATEWAY_UPSTREAMS": f"identity={upstream},blobs={upstream}",
            "GATEWAY_PASSPORT_ISSUES": f"identity:k1:{PASSPORT_KEY},blobs:k1:{PASSPORT_KEY}",
            "GATEWAY_READ_TIMEOUT": "10",
        },
    )  # fmt: skip
    with ExitStack() as stack:

        def start_service() -> None:
            service.start(lambda: _answers(service_port, "/readyz"))

        def front() -> Door:
            if not fronts:
                configuration = nginx.configuration(public_port, f"{LOOPBACK}:{gateway_port}", contracts)
                stack.enter_context(NginxServer(configuration, public_port))
                fronts.append(Door(public_port))
            return fronts[0]

        fronts: list[Door] = []
        stack.callback(service.stop)
        start_service()
        stack.callback(gateway.stop)
        gateway.start(lambda: _answers(gateway_port, "/healthz"))
        eventually(lambda: _answers(gateway_port, "/readyz"), 30.0, "the gateway is ready")
        yield House(Door(gateway_port), front, gateway, service, start_service)


def _web(folder: Path, name: str, port: int, application: str, settings: Mapping[str, str]) -> ServerProcess:
    command = (
        sys.executable, "-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn" / "gunicorn.conf.py"),
        "--bind", f"{LOOPBACK}:{port}", application,
    )  # fmt: skip
    return ServerProcess(name, command, folder / f"{name}.log", environment=settings, folder=ROOT)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
