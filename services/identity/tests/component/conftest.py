"""A wired identity on a fresh, migrated and furnished database, and passports to call it with."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

import signet_identity
from signet_common.keyring.document import create_keyring
from signet_common.messaging.command import Command
from signet_common.passport import Passport, PassportIssuer, format_keys
from signet_common.sql.administration import migrations_folder
from signet_common.sql.commands import CommandOutboxReader
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases
from signet_common.sql.migrations import upgrade
from signet_identity.adapters.outbound.passwords import Argon2Passwords, directly
from signet_identity.adapters.outbound.tables import COMMANDS, LEASES, OUTBOX
from signet_identity.bootstrap import web
from signet_identity.bootstrap.commands import first_run_command
from signet_identity.bootstrap.contracts import contract
from signet_identity.bootstrap.web import Service, build
from signet_identity.domain.password_cost import PasswordCost
from signet_identity.settings import Settings

KEYS = {"gateway": {"k1": b"g" * 32}, "scheduler": {"k1": b"s" * 32}}
SIGNED_IN = Passport(
    issuer="gateway",
    audience="identity",
    request_id="request-1",
    method="",
    target="",
    body_sha256="",
    user_id=1,
    user_name="admin",
    scope="any",
    authentication="api_key",
    credential_id="api_key/1",
    client_ip="192.0.2.1",
    request_digest="d" * 64,
)
PUBLIC = replace(
    SIGNED_IN, user_id=None, user_name="", scope="", authentication="none", credential_id="", request_digest=""
)
# The real hash, with parameters that cost nothing.
QUICK_PASSWORDS = partial(Argon2Passwords, directly, PasswordCost(memory_kib=8, passes=1))
PUBLIC_OPERATIONS = {
    ("POST", f"/api/v1/{path}")
    for path in ("sessions", "password-resets", "password-resets/complete", "email-confirmations")
}
OPERATION = {"GET": "query", "POST": "create", "PATCH": "update", "DELETE": "delete"}
RESOURCE = {"users": "user", "roles": "role", "api-keys": "api_key", "access": "access", "sessions": "session"}


@dataclass
class Api:
    """Calls identity as the gateway would; `first` is what the first run wrote."""

    client: FlaskClient
    service: Service
    settings: Settings
    first: dict[str, str]

    def call(
        self,
        method: str,
        target: str,
        /,
        body: Any = None,
        *,
        headers: Any = None,
        issuer: str = "gateway",
        **claims: Any,
    ) -> TestResponse:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        caller = self._caller(method, target)
        bound = {"method": method, "target": target, "body_sha256": hashlib.sha256(data).hexdigest()}
        token = PassportIssuer(issuer, {"identity": KEYS[issuer]}).issue(replace(caller, **(bound | claims)))
        sent = {"X-Passport": token, **({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        return self.client.open(target, method=method, data=data, headers=sent)

    def data(self, *args: Any, **kwargs: Any) -> Any:
        """The `data` of a call that has to succeed."""
        answer = self.call(*args, **kwargs)
        assert answer.status_code == 200, answer.text
        return answer.json["data"]

    def code(self, *args: Any, **kwargs: Any) -> int:
        """The return code of a call."""
        code: int = self.call(*args, **kwargs).json["return_code"]
        return code

    def user(self, user_name: str, *roles: str, **fields: Any) -> dict[str, Any]:
        """A user, made by the administrator."""
        created: dict[str, Any] = self.data(
            "POST", "/api/v1/users", {"user_name": user_name, "roles": list(roles), **fields}
        )
        return created

    def events(self, *operations: str) -> list[dict[str, Any]]:
        """The events in the outbox, those of `operations` alone where given."""
        wanted = select(OUTBOX.c.body).order_by(OUTBOX.c.event_id)
        bodies = self.service.database.read(lambda connection: connection.scalars(wanted).all())
        events = [json.loads(body) for body in bodies]
        return [event for event in events if not operations or event["type"].split(".", 2)[2][:-3] in operations]

    def mails(self) -> list[dict[str, Any]]:
        """What waits for the bus and is not over."""
        database = self.service.database
        reader = CommandOutboxReader(database, COMMANDS, Leases(database, LEASES), Command)
        return [json.loads(command.body) for command in reader.pending(100)]

    def everything_stored(self) -> str:
        """Every row of every table, as text: what a stolen database shows."""
        tables = OUTBOX.metadata.sorted_tables
        return str([self.service.database.read(lambda c, t=table: c.execute(select(t)).all()) for table in tables])

    @staticmethod
    def _caller(method: str, target: str) -> Passport:
        parts = target.partition("?")[0].split("/")
        if target == "/internal/grants":
            return replace(PUBLIC, authentication="service")
        if (method, target) in PUBLIC_OPERATIONS:
            return PUBLIC
        if target == "/api/v1/users/me/email-confirmations":
            return replace(SIGNED_IN, permission="email_confirmation:create")
        resource = RESOURCE.get(parts[3] if len(parts) > 3 else "", "user")
        return replace(SIGNED_IN, permission=f"{resource}:{OPERATION.get(method, 'query')}")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a furnished installation on SQLite, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("identity")
    furnish(folder, sqlite_in(folder))
    return folder


@pytest.fixture
def make_api(template: Path, tmp_path: Path) -> Iterator[Callable[[str | None], Api]]:
    """Makes an identity on a database by URL, or on a SQLite file of its own."""
    made: list[Api] = []

    def make(database_url: str | None) -> Api:
        folder = tmp_path / "installation"
        if database_url is None:
            shutil.copytree(template, folder)
            settings = settings_in(folder, sqlite_in(folder))
        else:
            folder.mkdir()
            settings = furnish(folder, database_url)
        made.append(api_in(folder, settings))
        return made[-1]

    yield make
    for api in made:
        api.service.database.close()


@pytest.fixture
def api(make_api: Callable[[str | None], Api], database_url: str) -> Api:
    """Identity on each engine in turn."""
    return make_api(None if database_url.startswith("sqlite") else database_url)


@pytest.fixture
def standing_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """For whatever is built afterwards it stays the same moment: no wait is over because the machine was busy."""
    moment = web.now()
    monkeypatch.setattr(web, "now", lambda: moment)


@pytest.fixture
def plain_api(api: Api) -> Iterator[Api]:
    """The same with a database for plain threads, each of which may hold a transaction of its own."""
    database = Database.open(api.settings.database_url, grouped=False)
    service = build(api.settings, passwords=QUICK_PASSWORDS(), database=database)
    yield replace(api, service=service, client=service.web.test_client())
    database.close()


@pytest.fixture
def sqlite_api(make_api: Callable[[str | None], Api]) -> Api:
    """Identity where the engine does not matter."""
    return make_api(None)


@pytest.fixture(scope="module")
def shared_api(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One identity for all tests of a module, none of which may change anything."""
    folder = tmp_path_factory.mktemp("shared") / "installation"
    shutil.copytree(template, folder)
    api = api_in(folder, settings_in(folder, sqlite_in(folder)))
    yield api
    api.service.database.close()


def api_in(folder: Path, settings: Settings) -> Api:
    service = build(settings, passwords=QUICK_PASSWORDS())
    first_run = json.loads((folder / "first-run.json").read_text())
    return Api(service.web.test_client(), service, settings, first_run)


def furnish(folder: Path, database_url: str) -> Settings:
    """Do what the deployment does: contracts, keyring, migration, first run."""
    openapi = folder / "contracts" / "openapi"
    openapi.mkdir(parents=True)
    (openapi / "identity.yaml").write_text(yaml.safe_dump(contract()))
    demos = {"paths": {"/api/v1/demos": {"post": {"x-permission": "demo:create"}, "get": {"x-public": True}}}}
    (openapi / "resources.yaml").write_text(yaml.safe_dump(demos))
    create_keyring(folder / "keyring.json")
    upgrade(database_url, migrations_folder(signet_identity.__file__))
    settings = settings_in(folder, database_url)
    first_run_command(settings, passwords=QUICK_PASSWORDS())("http://127.0.0.1:8080", folder / "first-run.json")
    return settings


def settings_in(folder: Path, database_url: str) -> Settings:
    return Settings(
        database_url=database_url,
        bus_url="sqlite:/unused",
        passport_accepts=format_keys(KEYS),
        keyring=folder / "keyring.json",
        contracts_dir=folder / "contracts",
    )


def sqlite_in(folder: Path) -> str:
    return f"sqlite:///{folder}/identity.sqlite3"
