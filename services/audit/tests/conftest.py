"""A wired audit service on a fresh database, events as services tell them, and passports to read the log with."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from signet_audit import __file__ as package_file
from signet_audit.adapters.inbound.events import record_of
from signet_audit.adapters.outbound.record_log import SqlRecordLog
from signet_audit.adapters.outbound.tables import OUTBOX
from signet_audit.bootstrap.web import Service, build
from signet_audit.domain.records import Record
from signet_audit.settings import Settings
from signet_common.messaging.event import Delivery, cloud_event, new_event_id, parse_event
from signet_common.passport import Passport, PassportIssuer, format_keys
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade

KEYS = {"gateway": {"k1": b"g" * 32}, "identity": {"k1": b"i" * 32}, "scheduler": {"k1": b"s" * 32}}
RECORDS = "/api/v1/audit/records"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CALLER = Passport(
    issuer="gateway",
    audience="audit",
    request_id="request-of-the-reader",
    method="GET",
    target=RECORDS,
    body_sha256=hashlib.sha256(b"").hexdigest(),
    user_id=7,
    user_name="ann",
    permission="record:query",
    scope="any",
    authentication="api_key",
    credential_id="api_key/1",
    client_ip="192.0.2.1",
    request_digest="d" * 64,
)


def tell(
    service: str = "resources",
    resource: str = "demo",
    operation: str = "insert",
    *,
    event_id: str | None = None,
    object_id: str | None = "1",
    sequence: int | None = None,
    time: datetime = NOON,
    traceparent: str = "",
    changes: Any = None,
    actor: Any = None,
    **request: Any,
) -> Delivery:
    """A delivery as the bus hands it over; `request` and `actor` override what it says by default."""
    body = cloud_event(
        event_id=event_id or new_event_id(),
        service=service,
        resource=resource,
        operation=operation,
        object_id=object_id,
        sequence=sequence,
        time=time,
        traceparent=traceparent,
        actor={"user_id": 1, "user_name": "bob", "authentication": "token", "credential_id": "session/9"}
        | (actor or {}),
        request={"request_id": "r1", "client_ip": "::1", "method": "POST", "target": "/", "request_digest": "e" * 64}
        | request,
        changes=changes or {},
    )
    return Delivery(f"{service}.{resource}.{operation}", body)


def record(**said: Any) -> Record:
    """The record of an event as `tell` makes it."""
    return record_of(parse_event(tell(**said)))


@dataclass
class Api:
    """Calls the service as the gateway would."""

    client: FlaskClient
    service: Service

    def send(self, target: str = RECORDS, *, method: str = "GET", **claims: Any) -> TestResponse:
        """Send a request; `claims` make its passport say something else."""
        passport = replace(CALLER, **({"method": method, "target": target} | claims))
        issuer = PassportIssuer(passport.issuer, {"audit": KEYS[passport.issuer]})
        return self.client.open(target, method=method, headers={"X-Passport": issuer.issue(passport)})

    def search(self, query: str = "", **claims: Any) -> dict[str, Any]:
        """The data of a search that succeeds."""
        answer = self.send(f"{RECORDS}?{query}" if query else RECORDS, **claims)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = json.loads(answer.data)["data"]
        return data

    def log(self, *records: Record) -> None:
        SqlRecordLog(self.service.database).append(records)

    def told(self) -> list[dict[str, Any]]:
        """The events in the service's own outbox."""
        bodies = self.service.database.read(lambda c: c.scalars(select(OUTBOX.c.body).order_by("event_id")).all())
        return [json.loads(body) for body in bodies]


def settings(database_url: str, bus_url: str = "sqlite:/unused") -> Settings:
    """The settings of a service on that database."""
    keys = format_keys(KEYS)
    return Settings(database_url=database_url, bus_url=bus_url, passport_accepts=keys)


@pytest.fixture
def make_api() -> Iterator[Callable[[str], Api]]:
    built: list[Service] = []

    def make(database_url: str) -> Api:
        upgrade(database_url, migrations_folder(package_file))
        service = build(settings(database_url))
        built.append(service)
        return Api(service.web.test_client(), service)

    yield make
    for service in built:
        service.database.close()


@pytest.fixture
def api(make_api: Callable[[str], Api], database_url: str) -> Api:
    """The service on each engine in turn, migrated."""
    return make_api(database_url)


@pytest.fixture
def sqlite_api(make_api: Callable[[str], Api], tmp_path: Path) -> Api:
    """The service where the engine does not matter."""
    return make_api(f"sqlite:///{tmp_path}/audit.sqlite3")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The migrated database of a background process, on each engine in turn."""
    upgrade(database_url, migrations_folder(package_file))
    database = Database.open(database_url, grouped=False)
    yield database
    database.close()


class FakeConsumer:
    """An EventConsumer over a list; `dead` holds what was set aside with its reason."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self.waiting = list(deliveries)
        self.acknowledged: list[Delivery] = []
        self.dead: list[tuple[Delivery, str]] = []

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        received, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return received

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.acknowledged += deliveries

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        self.dead.append((delivery, reason))

    def close(self) -> None:
        pass


class FakeLog:
    """A RecordLog in memory. `after` is called with what each append brought, before it counts."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.after: Callable[[Sequence[Record]], None] = lambda _records: None

    def append(self, records: Sequence[Record]) -> None:
        self.after(records)
        for added in records:
            self.records.setdefault(added.event_id, added)


@dataclass(frozen=True)
class Support:
    """What tests cannot import from here."""

    tell = staticmethod(tell)
    record = staticmethod(record)
    settings = staticmethod(settings)
    consumer = FakeConsumer
    noon = NOON
    log = FakeLog


@pytest.fixture
def support() -> Support:
    return Support()
