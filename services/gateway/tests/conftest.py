"""The real application, composed as in production, with the outside world replaced by fakes."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from signet_common.passport import Passport, PassportIssuer, PassportKeys, PassportVerifier
from signet_gateway.adapters.inbound.client_address import Proxy
from signet_gateway.adapters.inbound.http import HttpApplication
from signet_gateway.adapters.outbound.seal_opener import NoSealOpener
from signet_gateway.application.contracts import Contract, read_contract
from signet_gateway.application.errors import GatewayError
from signet_gateway.application.grants import Credential, Grant
from signet_gateway.application.own_contract import own_contract
from signet_gateway.application.ports import Allowance, CheckResult, Claim, SealKeys, UpstreamAnswer
from signet_gateway.application.refusals import RefusalLog
from signet_gateway.application.traffic import Limits
from signet_gateway.bootstrap.composition import Outside, compose
from signet_protocol.signing import body_digest, sign, signing_key, string_to_sign, utc_day

NOW = 1_767_225_600  # 2026-01-01T00:00:00Z: the first second of a UTC day, so that both days' keys matter
API_KEY = "ak_7Q2mJ0vS4kXn8bTz"
TOKEN = "st_9fQ1x5yWc3Rk7LbE"
SECRET = "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE"
PASSPORT_KEY = b"k" * 32
JOB_KEY = b"s" * 32
JOB_KEYS: PassportKeys = {"scheduler": {"k1": JOB_KEY}}


class FakeClock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


class FakeGrants:
    """Knows what it was given."""

    def __init__(self) -> None:
        self.known: dict[Credential, Grant] = {}
        self.asked: list[tuple[Credential, str, str]] = []
        self.failure: GatewayError | None = None

    def grant(self, credential: Credential, day: str, client_ip: str) -> Grant | None:
        self.asked.append((credential, day, client_ip))
        if self.failure is not None:
            raise self.failure
        return self.known.get(credential)


class FakeNonces:
    """The nonce port in memory; `born` is its birth."""

    def __init__(self, born: int = 0) -> None:
        self.born = born
        self.clock: Callable[[], float] = lambda: NOW
        self.claimed: dict[tuple[str, str], int] = {}
        self.failure: GatewayError | None = None

    def claim(self, owner: str, nonce: str, timestamp: int) -> Claim:
        if self.failure is not None:
            raise self.failure
        if timestamp <= self.born:
            return Claim.TOO_OLD
        if (owner, nonce) in self.claimed:
            return Claim.REUSED
        self.claimed[owner, nonce] = timestamp
        return Claim.FRESH

    def forget_expired(self) -> int:
        if self.failure is not None:
            raise self.failure
        over = [claim for claim, timestamp in self.claimed.items() if timestamp + 600 < self.clock()][:64]
        for claim in over:
            del self.claimed[claim]
        return len(over)


class FakeLimiter:
    """Lets everything through until `wait` is set."""

    def __init__(self, name: str = "public") -> None:
        self.name = name
        self.wait = 0.0
        self.taken: list[str] = []

    def take(self, key: str) -> Allowance:
        self.taken.append(key)
        return Allowance(self.name, 60, 60, 0 if self.wait else 59, self.wait or 30.0, not self.wait)


class FakeUpstream:
    """Answers what it was told to, and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer = UpstreamAnswer(
            200, [("content-type", "application/json")], b'{"return_code":200,"return_msg":"","data":null}'
        )
        self.failure: GatewayError | None = None

    def send(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> UpstreamAnswer:
        self.sent.append((method, target, dict(headers), body))
        if self.failure is not None:
            raise self.failure
        return self.answer


class FakeStream:
    """An answer in pieces; an exception among them is raised where it stands."""

    def __init__(self, status, headers, pieces, took_all=True):
        self.status, self.headers, self.took_all = status, headers, took_all
        self.pieces = list(pieces)
        self.closed = 0

    def read(self):
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self):
        self.closed = 1


class FakeStreams:
    """Takes every upload whole, a few bytes at a time, and answers what it was told to."""

    def __init__(self):
        self.sent = []
        self.answer = FakeStream(200, [("content-length", "2")], [b"ok"])
        self.reads = True

    def open(self, method, target, headers, body):
        taken = body
        if not isinstance(body, bytes):
            taken = b""
            while self.reads and (piece := body.read(7)):
                taken += piece
        self.sent.append((method, target, dict(headers), taken))
        return self.answer


class FakeProbe:
    """Reports what it was given."""

    def __init__(self) -> None:
        self.results = {"nonces": CheckResult("ok")}

    def probe(self) -> dict[str, CheckResult]:
        return self.results


@dataclass
class Answer:
    """What came out of the application."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int:
        return int(self.document["return_code"])


@dataclass
class House:
    """The application with everything around it within reach."""

    clock: FakeClock = field(default_factory=FakeClock)
    grants: FakeGrants = field(default_factory=FakeGrants)
    nonces: FakeNonces = field(default_factory=FakeNonces)
    limiter: FakeLimiter = field(default_factory=FakeLimiter)
    resources: FakeUpstream = field(default_factory=FakeUpstream)
    identity: FakeUpstream = field(default_factory=FakeUpstream)
    probe: FakeProbe = field(default_factory=FakeProbe)
    streams: FakeStreams = field(default_factory=FakeStreams)
    refusals: RefusalLog = field(init=False)
    application: HttpApplication = field(init=False)
    nonce_count: int = 0

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        **environ: object,
    ) -> Answer:
        """Send a request as it stands."""
        stream = environ.pop("stream", None) or io.BytesIO(body)
        variables: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "RAW_URI": target,
            "PATH_INFO": target.partition("?")[0],
            "SCRIPT_NAME": "",
            "QUERY_STRING": target.partition("?")[2],
            "SERVER_NAME": "test",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": stream,
        }
        if body:
            variables["CONTENT_LENGTH"] = str(len(body))
        for name, value in (headers or {}).items():
            key = name.upper().replace("-", "_")
            variables[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
        variables |= environ
        started: list[tuple[str, list[tuple[str, str]]]] = []
        parts = self.application(variables, lambda status, fields, _exc=None: started.append((status, fields)))  # type: ignore[arg-type,func-returns-value,return-value]
        status, fields = started[0]
        return Answer(int(status[:3]), dict(fields), b"".join(parts))

    def signed_headers(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"", **change: Any
    ) -> dict[str, str]:
        """Return the headers of a correctly signed request; `change` overrides what is signed."""
        self.nonce_count += 1
        timestamp = change.get("timestamp", NOW)
        nonce = change.get("nonce", f"nonce-{self.nonce_count:012d}")
        credential = change.get("credential", API_KEY)
        text = string_to_sign(
            timestamp=str(timestamp),
            nonce=nonce,
            credential=credential,
            method=method,
            target=target,
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body_sha256=change.get("sha256", body_digest(body)),
        )
        key = signing_key(change.get("secret", SECRET), utc_day(timestamp))
        shown = {"Authorization": f"Bearer {credential}"} if credential.startswith("st_") else {"X-Api-Key": credential}
        return {
            **(headers or {}),
            **shown,
            "X-Timestamp": str(timestamp),
            "X-Nonce": nonce,
            "X-Sign": sign(key, text),
        }

    def signed(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"", **change: Any
    ) -> Answer:
        """Sign a request and send it."""
        return self.send(method, target, self.signed_headers(method, target, headers, body, **change), body)

    def passport(self, upstream: FakeUpstream) -> Passport:
        """Return the proven passport of the last request that reached a service."""
        method, target, headers, body = upstream.sent[-1]
        audience = "resources" if upstream is self.resources else "identity"
        verifier = PassportVerifier(audience, {"gateway": {"k1": PASSPORT_KEY}}, self.clock)
        return verifier.verify(headers["x-passport"], method=method, target=target, body_sha256=body_digest(body))

    def regrant(self, **changes: Any) -> None:
        """Change the grants of the caller."""
        self.grants.known = {credential: replace(grant, **changes) for credential, grant in self.grants.known.items()}


def contracts() -> list[Contract]:
    """Return two services' contracts and the gateway's own."""
    resources = {
        "openapi": "3.1.0",
        "info": {"title": "resources", "version": "1", "x-service": "resources"},
        "paths": {
            "/api/v1/demos": {
                "get": {"x-permission": "demo:query"},
                "post": {"operationId": "createDemo", "x-permission": "demo:create", "x-max-body-bytes": 100},
            },
            "/api/v1/demos/{demo_id}": {
                "get": {"x-permission": "demo:query"},
                "patch": {"x-permission": "demo:update"},
                "delete": {"x-permission": "demo:delete"},
            },
            "/api/v1/blobs": {
                "get": {"x-permission": "demo:query", "x-stream": True, "x-sealed": "never"},
                "post": {"x-permission": "demo:create", "x-stream": True, "x-max-body-bytes": 100_000},
                "put": {"x-permission": "demo:special", "x-stream": True},
            },
            "/api/v1/demos/special": {"get": {"x-permission": "demo:special"}},
        },
        "components": {"schemas": {"Error": {"type": "object"}}},
    }
    identity = {
        "openapi": "3.1.0",
        "info": {"title": "identity", "version": "1", "x-service": "identity"},
        "paths": {
            "/api/v1/sessions": {"post": {"operationId": "signIn", "x-public": True, "x-sealed": "required"}},
            "/api/v1/motd": {"get": {"x-public": True}},
        },
        "components": {"schemas": {"Error": {"type": "object"}}},
    }
    documents = {"resources.yaml": resources, "identity.yaml": identity, "gateway.yaml": own_contract()}
    return [read_contract(name, document) for name, document in documents.items()]


def grant(credential_id: str = "api_key/7") -> Grant:
    """Return the grant of an active user who may do everything but `demo:special`."""
    days = {utc_day(NOW), utc_day(NOW - 1)}
    return Grant(
        credential_id=credential_id,
        user_id=1,
        user_name="admin",
        user_active=True,
        credential_active=True,
        roles=("administrator",),
        permissions={f"demo:{operation}": "any" for operation in ("create", "query", "update", "delete")},
        expires_at=None,
        keys={day: signing_key(SECRET, day) for day in days},
    )


def build_house(
    seals: SealKeys | None = None,
    cors_origins: Sequence[str] = (),
    trusted_proxies: Sequence[Proxy] = (),
    job_keys: PassportKeys | None = None,
    **limits: Any,
) -> House:
    """Return the application; `limits` are those beside that of public operations. With `seals`, they are enforced."""
    made = House()
    made.refusals = RefusalLog(made.clock)
    made.grants.known = {
        Credential("api_key", API_KEY): grant(),
        Credential("token", TOKEN): grant("session/9"),
    }
    keys = {"resources": {"k1": PASSPORT_KEY}, "identity": {"k1": PASSPORT_KEY}}
    outside = Outside(
        clock=made.clock,
        grants=made.grants,
        nonces=made.nonces,
        limits=Limits(made.limiter, **limits),
        passports=PassportIssuer("gateway", keys, made.clock),
        upstreams={"resources": made.resources, "identity": made.identity},
        probes=[made.probe],
        refusals=made.refusals,
        streams={"resources": made.streams},
        seals=seals or NoSealOpener(),
        verifier=PassportVerifier("gateway", JOB_KEYS if job_keys is None else job_keys, made.clock),
    )
    made.application = compose(
        contracts(),
        outside,
        max_body_bytes=1000,
        streams=128,
        streams_per_user=2,
        cors_origins=cors_origins,
        trusted_proxies=trusted_proxies,
        seals_enforced=seals is not None,
    )
    return made


@pytest.fixture
def make_house() -> Callable[..., House]:
    return build_house


@pytest.fixture
def house() -> House:
    return build_house()


@pytest.fixture
def make_grant() -> Any:
    return grant


@pytest.fixture
def make_contracts() -> Any:
    return contracts


@pytest.fixture
def memory_nonces() -> type[FakeNonces]:
    return FakeNonces


@pytest.fixture
def make_stream() -> type[FakeStream]:
    return FakeStream
