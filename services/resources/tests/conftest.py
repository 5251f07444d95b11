"""A wired resources service on a fresh database, and passports to call it with."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from signet_common.passport import Passport, PassportIssuer, format_keys
from signet_common.sql.administration import migrations_folder
from signet_common.sql.migrations import upgrade
from signet_resources import __file__ as package_file
from signet_resources.adapters.outbound.tables import OUTBOX
from signet_resources.bootstrap.web import Service, build
from signet_resources.settings import Settings

KEYS = {"gateway": {"k1": b"g" * 32}, "scheduler": {"k1": b"s" * 32}}
CALLER = Passport(
    issuer="gateway",
    audience="resources",
    request_id="request-1",
    method="",
    target="",
    body_sha256="",
    user_id=7,
    user_name="ann",
    scope="any",
    authentication="api_key",
    credential_id="api_key/1",
    client_ip="192.0.2.1",
    request_digest="d" * 64,
)
PERMISSIONS = {"GET": "demo:query", "HEAD": "demo:query", "PATCH": "demo:update", "DELETE": "demo:delete"}


@dataclass
class Api:
    """Calls the service as the gateway would."""

    client: FlaskClient
    service: Service

    def call(self, method: str, target: str, body: Any = None, *, headers: Any = None, **claims: Any) -> TestResponse:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        permission = PERMISSIONS.get(method) or ("demo:create" if target == "/api/v1/demos" else "demo:update")
        passport = replace(
            CALLER,
            method=method,
            target=target,
            body_sha256=hashlib.sha256(data).hexdigest(),
            **({"permission": permission} | claims),
        )
        token = PassportIssuer("gateway", {"resources": KEYS["gateway"]}).issue(passport)
        sent = {"X-Passport": token, **({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        return self.client.open(target, method=method, data=data, headers=sent)

    def create(self, name: str, **fields: Any) -> dict[str, Any]:
        response = self.call("POST", "/api/v1/demos", {"demo_name": name, **fields})
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json["data"]
        return data

    def events(self) -> list[dict[str, Any]]:
        bodies = self.service.database.read(lambda c: c.scalars(select(OUTBOX.c.body).order_by("event_id")).all())
        return [json.loads(body) for body in bodies]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied: migrating anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "resources.sqlite3"
    upgrade(f"sqlite:///{path}", migrations_folder(package_file))
    return path


@pytest.fixture
def make_api(migrated_file: Path) -> Iterator[Callable[[str], Api]]:
    built: list[Service] = []

    def make(database_url: str) -> Api:
        settings = Settings(
            database_url=database_url,
            bus_url="sqlite:/unused",
            passport_accepts=format_keys(KEYS),
        )
        if database_url.startswith("sqlite:///"):
            shutil.copyfile(migrated_file, database_url.removeprefix("sqlite:///"))
        else:
            upgrade(database_url, migrations_folder(package_file))
        service = build(settings)
        built.append(service)
        return Api(service.web.test_client(), service)

    yield make
    for service in built:
        service.database.close()


@pytest.fixture
def api(make_api: Callable[[str], Api], database_url: str) -> Api:
    """The service on each engine in turn."""
    return make_api(database_url)


@pytest.fixture
def sqlite_api(make_api: Callable[[str], Api], tmp_path: Any) -> Api:
    """The service where the engine does not matter."""
    return make_api(f"sqlite:///{tmp_path}/resources.sqlite3")
