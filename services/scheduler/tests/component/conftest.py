"""A wired scheduler on a fresh database, and passports to call it with."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from signet_common.keyring.ciphers import Keyring
from signet_common.passport import Passport, PassportIssuer, format_keys
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_scheduler import __file__ as package_file
from signet_scheduler.adapters.outbound.tables import OUTBOX, RUNS, SCHEDULES
from signet_scheduler.bootstrap.web import Service, serve
from signet_scheduler.domain.mail_destination import FileOutbox
from signet_scheduler.settings import Settings

KEYS = {"gateway": {"k1": b"g" * 32}}
CALLER = Passport(
    issuer="gateway",
    audience="scheduler",
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
OPERATIONS = {"GET": "query", "POST": "create", "PATCH": "update", "DELETE": "delete"}


def permission_of(method: str, target: str) -> str:
    """What the contract asks for."""
    parts = target.partition("?")[0].removeprefix("/api/v1/").split("/")
    if parts[-1] == "runs":
        return "run:query"
    verb = parts[-1] if method == "POST" and parts[-1] in ("run", "cancel", "retry") else OPERATIONS[method]
    return f"{parts[0].removesuffix('s')}:{verb}"


@dataclass
class Api:
    """Calls the service as the gateway would, and stands in for its workers."""

    client: FlaskClient
    service: Service

    def call(self, method: str, target: str, body: Any = None, *, headers: Any = None, **claims: Any) -> TestResponse:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        passport = replace(
            CALLER,
            method=method,
            target=target,
            body_sha256=hashlib.sha256(data).hexdigest(),
            **({"permission": permission_of(method, target)} | claims),
        )
        token = PassportIssuer("gateway", {"scheduler": KEYS["gateway"]}).issue(passport)
        sent = {"X-Passport": token, **({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        return self.client.open(target, method=method, data=data, headers=sent)

    def done(self, method: str, target: str, body: Any = None, **claims: Any) -> Any:
        answer = self.call(method, target, body, **claims)
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    def refused(self, method: str, target: str, body: Any = None, **claims: Any) -> tuple[int, list[str]]:
        """The return code, and the fields that it names."""
        answer = self.call(method, target, body, **claims).json
        return answer["return_code"], [error["field"] for error in (answer["data"] or {}).get("errors", ())]

    def run(self, job_name: str = "drill", arguments: Mapping[str, Any] | None = None, **claims: Any) -> dict[str, Any]:
        run: dict[str, Any] = self.done(
            "POST", f"/api/v1/jobs/{job_name}/run", {"arguments": arguments or {}}, **claims
        )
        return run

    def schedule(self, name: str = "nightly", **fields: Any) -> dict[str, Any]:
        body = {"schedule_name": name, "job_name": "drill", "cron": "0 3 * * *", **fields}
        made: dict[str, Any] = self.done("POST", "/api/v1/schedules", body)
        return made

    def becomes(self, run_id: int, state: str, **values: Any) -> None:
        """What a worker would have written."""
        changed = update(RUNS).where(RUNS.c.run_id == run_id).values(run_state=state, **values)
        self.service.database.write(lambda connection: connection.execute(changed).rowcount)

    def stored(self, table: Any, **row: Any) -> None:
        self.service.database.write(lambda connection: connection.execute(insert(table), row).rowcount)

    def slot(self, schedule_id: int) -> Any:
        """`next_at` as it is stored."""
        wanted = select(SCHEDULES.c.next_at).where(SCHEDULES.c.schedule_id == schedule_id)
        return self.service.database.read(lambda connection: connection.scalars(wanted).one())

    def events(self) -> list[dict[str, Any]]:
        bodies = self.service.database.read(lambda c: c.scalars(select(OUTBOX.c.body).order_by("event_id")).all())
        return [json.loads(body) for body in bodies]

    def told(self) -> list[tuple[str, str]]:
        """Operation and subject of every event."""
        return [(event["data"]["operation"], event["subject"]) for event in self.events()]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied: migrating anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "scheduler.sqlite3"
    upgrade(f"sqlite:///{path}", migrations_folder(package_file))
    return path


@pytest.fixture
def make_api(migrated_file: Path) -> Iterator[Callable[[str], Api]]:
    built: list[Service] = []

    def make(database_url: str) -> Api:
        if database_url.startswith("sqlite:///"):
            shutil.copyfile(migrated_file, database_url.removeprefix("sqlite:///"))
        else:
            upgrade(database_url, migrations_folder(package_file))
        settings = Settings(
            database_url=database_url,
            bus_url="sqlite:/unused",
            keyring=Path("/unused"),
            smtp_url=FileOutbox(Path("/unused")),
            passport_accepts=format_keys(KEYS),
        )
        service = serve(settings, Database.open(database_url, grouped=True), Keyring("none", {"none": bytes(32)}))
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
    return make_api(f"sqlite:///{tmp_path}/scheduler.sqlite3")
