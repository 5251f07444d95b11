"""A gateway of a few lines: it proves signatures, replays its script, and remembers what it was sent."""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from libs.client.tests.exchanges import Received, Reply
from libs.client.tests.fake_files import FakeFiles
from typer.testing import CliRunner, Result

from signet import ApiKeyCredential, Client
from signet.attempts import Time
from signet.cli.main import app
from signet_protocol import sealing, signing
from signet_protocol.headers import check_nonce, parse_timestamp, within_window
from signet_protocol.return_codes import ReturnCode
from signet_protocol.sealing_keys import public_jwk

API_KEY = "ak_7Q2mJ0vS4kXn8bTz"
SECRET = "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE"
TOKEN = "st_9fQ1x5yWc3Rk7LbE"
SESSION_SECRET = "c2lnbmV0LXRlc3Qtc2Vzc2lvbi1zZWNyZXQtMDAwMDI"
SECRETS = {API_KEY: SECRET, TOKEN: SESSION_SECRET}


class FakeGateway:
    """Answers from a script, but only what is properly signed; a request proves itself once."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.script: list[Reply] = []
        self.now: Callable[[], float] | None = None
        self.nonces: set[str] = set()
        self.losses: list[type[httpx.TransportError] | None] = []
        self.public = {("POST", "/api/v1/sessions")}
        self.sealing_key: RSAPrivateKey | None = None
        self.shown: dict[str, object] | None = None
        self.demands: set[str] = set()
        self.opened: list[bytes] = []
        self.contract: dict[str, object] = {"paths": {}}
        self.behind: Callable[[Received], Reply] | None = None

    def reply(self, data: object = None, **fields: Any) -> None:
        """Add one reply to the script."""
        self.script.append(Reply(data, **fields))

    def lose(self, *losses: type[httpx.TransportError] | None) -> None:
        """Lose the next exchanges: a ConnectError before the gateway sees it, any other after it has answered."""
        self.losses.extend(losses)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Be an httpx transport."""
        loss = self.losses.pop(0) if self.losses and request.url.path != "/api/v1/keys" else None
        if loss is httpx.ConnectError:
            raise loss("refused")
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = self.answer(Received(request.method, request.url.raw_path.decode(), headers, request.content))
        if loss is not None:
            raise loss("lost")
        return httpx.Response(
            reply.status,
            stream=httpx.ByteStream(reply.content),
            headers={"x-request-id": "0198-request", **reply.headers},
        )

    def answer(self, request: Received) -> Reply:
        if request.target == "/api/v1/keys":
            return Reply(code=404001) if self.shown is None else Reply(self.shown)
        if request.target == "/openapi.json":
            return Reply(raw=json.dumps(self.contract).encode())
        self.received.append(request)
        refusal = self._refusal(request)
        if refusal is not None:
            code = ReturnCode(refusal)
            data = {"server_time": int(self.now())} if self.now and code is ReturnCode.SIGN_EXPIRED else None
            return Reply(data, code=code.value, message=code.message)
        if "x-key" in request.headers:
            return self._sealed(request)
        if request.target in self.demands:
            return Reply(code=400004)
        if self.script:
            return self.script.pop(0)
        return self.behind(request) if self.behind else Reply(data={})

    def seal_to(self, key: RSAPrivateKey, announcements: tuple[str, ...] = ()) -> None:
        """Open seals under `key` alone, and show it."""
        self.sealing_key = key
        self.shown = {"keys": [public_jwk(key.public_key())], "announcements": list(announcements)}

    def _sealed(self, request: Received) -> Reply:
        assert self.sealing_key is not None
        headers = request.headers
        try:
            content_key = sealing.unwrap(self.sealing_key, headers["x-key"])
            binding = sealing.request_binding(
                timestamp=headers["x-timestamp"],
                nonce=headers["x-nonce"],
                credential=headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer "),
                method=request.method,
                target=request.target,
                headers=headers,
            )
            if request.body:
                self.opened.append(sealing.open_request(content_key, json.loads(request.body)["data"], binding))
        except sealing.SealInvalid:
            return Reply(code=400003)
        reply = self.script.pop(0) if self.script else Reply(data={})
        if reply.raw is not None:
            return reply
        bound = sealing.answer_binding(headers["x-nonce"], reply.code)
        return replace(reply, data=sealing.seal_answer(content_key, json.dumps(reply.data).encode(), bound))

    def _refusal(self, request: Received) -> ReturnCode | None:
        headers = request.headers
        stamp, nonce = headers["x-timestamp"], headers["x-nonce"]
        check_nonce(nonce)
        timestamp = parse_timestamp(stamp)
        if self.now is not None and not within_window(timestamp, int(self.now())):
            return ReturnCode.SIGN_EXPIRED
        if nonce in self.nonces:
            return ReturnCode.NONCE_REUSED
        self.nonces.add(nonce)
        if (request.method, request.target) in self.public:
            return None
        credential = headers.get("x-api-key") or headers["authorization"].removeprefix("Bearer ")
        text = signing.string_to_sign(
            timestamp=stamp,
            nonce=nonce,
            credential=credential,
            method=request.method,
            target=request.target,
            headers=headers,
            body_sha256=hashlib.sha256(request.body).hexdigest(),
        )
        key = signing.signing_key(SECRETS[credential], signing.utc_day(timestamp))
        return None if signing.signature_matches(key, text, headers["x-sign"]) else ReturnCode.SIGN_INVALID


@dataclass
class FakeTime:
    """A clock that only sleeping moves."""

    seconds: float = 1_767_225_600
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class Signet:
    """The command, run in this process with a configuration folder of its own."""

    def __init__(self, config: Path, url: str) -> None:
        self.config = config
        self.url = url
        self.environment: dict[str, str | None] = {
            "XDG_CONFIG_HOME": str(config),
            "SIGNET_URL": url,
            "SIGNET_API_KEY": API_KEY,
            "SIGNET_SECRET": SECRET,
            "SIGNET_PROFILE": None,
            "SIGNET_FIRST_RUN": None,
        }

    def __call__(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, env=self.environment)

    def forget_environment(self) -> None:
        for name in ("SIGNET_URL", "SIGNET_API_KEY", "SIGNET_SECRET"):
            self.environment[name] = None

    @property
    def profile(self) -> Path:
        return self.config / "signet" / "profiles" / "default.json"


@pytest.fixture
def signet(tmp_path: Path, gateway_url: str) -> Signet:
    return Signet(tmp_path / "config", gateway_url)


@pytest.fixture
def shell_tools() -> None:
    """Skip where curl or openssl is missing; a continuous integration that lacks them fails in the test instead."""
    missing = [tool for tool in ("curl", "openssl") if shutil.which(tool) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def files(gateway: FakeGateway) -> FakeFiles:
    """The files service behind the gateway."""
    gateway.behind = files = FakeFiles()
    return files


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture
def options(gateway: FakeGateway, clock: FakeTime) -> dict[str, Any]:
    """What makes a Client talk to the fake gateway in the fake time."""
    return {"transport": httpx.MockTransport(gateway.handle), "clock": Time(clock.now, clock.sleep)}


@pytest.fixture
def client(options: dict[str, Any]) -> Iterator[Client]:
    with Client("http://gateway.test", ApiKeyCredential(API_KEY, SECRET), **options) as client:
        yield client


@pytest.fixture
def gateway_url(gateway: FakeGateway) -> Iterator[str]:
    """Serve the fake gateway on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = gateway.answer(Received(self.command, self.path, headers, body))
            self.send_response(reply.status)
            length = {"content-length": str(len(reply.content))}
            self.send_header("X-Request-Id", "0198-request")
            for name, value in (length | dict(reply.headers)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.content if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the names that http.server calls

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
