"""A wired files service on a fresh database and an empty folder, and passports to call it with."""

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

from signet_common.keyring.document import create_keyring
from signet_common.passport import Passport, PassportIssuer, format_keys
from signet_common.sql.administration import migrations_folder
from signet_common.sql.migrations import upgrade
from signet_files import __file__ as package_file
from signet_files.adapters.outbound.tables import OUTBOX
from signet_files.bootstrap.web import Service, build
from signet_files.settings import Settings

KEYS = {"gateway": {"k1": b"g" * 32}, "scheduler": {"k1": b"s" * 32}}
CALLER = Passport(
    issuer="gateway",
    audience="files",
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
PERMISSIONS = {"PATCH": "file:update", "DELETE": "file:delete", "POST": "file:update"}


@dataclass
class Api:
    """Calls the service as the gateway would."""

    client: FlaskClient
    service: Service
    folder: Path

    def call(self, method: str, target: str, body: Any = None, *, headers: Any = None, **claims: Any) -> TestResponse:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data else {}
        return self._open(method, target, data, hashlib.sha256(data).hexdigest(), sent | (headers or {}), claims)

    def send(
        self, content: bytes, file_name: str = "scan.dcm", *, sha256: str = "", headers: Any = None, **claims: Any
    ) -> TestResponse:
        """Upload; `sha256` is what is declared, if it is not the truth."""
        declared = sha256 or hashlib.sha256(content).hexdigest()
        told = {"X-Content-SHA256": declared, "Content-Type": "application/octet-stream"} | (headers or {})
        target = f"/api/v1/files?file_name={file_name}"
        return self._open("POST", target, content, declared, told, {"permission": "file:create"} | claims)

    def put(self, content: bytes = b"content", file_name: str = "scan.dcm", **claims: Any) -> dict[str, Any]:
        """Upload, and what is known of the file then."""
        response = self.send(content, file_name, **claims)
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json["data"]
        return data

    def events(self) -> list[dict[str, Any]]:
        bodies = self.service.database.read(lambda c: c.scalars(select(OUTBOX.c.body).order_by("event_id")).all())
        return [json.loads(body) for body in bodies]

    def blobs(self) -> list[Path]:
        """The files in the store."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def _open(
        self, method: str, target: str, data: bytes, body_sha256: str, headers: dict[str, str], claims: dict[str, Any]
    ) -> TestResponse:
        default = PERMISSIONS.get(method, "file:download" if target.endswith("/content") else "file:query")
        told = {"permission": default} | claims
        passport = replace(CALLER, method=method, target=target, body_sha256=body_sha256, **told)
        token = PassportIssuer("gateway", {"files": KEYS["gateway"]}).issue(passport)
        return self.client.open(target, method=method, data=data, headers={"X-Passport": token} | headers)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied: migrating anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "files.sqlite3"
    upgrade(f"sqlite:///{path}", migrations_folder(package_file))
    return path


@pytest.fixture
def make_api(migrated_file: Path, tmp_path: Path) -> Iterator[Callable[..., Api]]:
    built: list[Service] = []

    def make(database_url: str, **chosen: Any) -> Api:
        keyring, folder = tmp_path / "keyring.json", tmp_path / "blobs"
        create_keyring(keyring)
        settings = Settings(
            database_url=database_url,
            bus_url="sqlite:/unused",
            blobs_url=f"file:{folder}",
            keyring=keyring,
            passport_accepts=format_keys(KEYS),
            **chosen,
        )
        if database_url.startswith("sqlite:///"):
            shutil.copyfile(migrated_file, database_url.removeprefix("sqlite:///"))
        else:
            upgrade(database_url, migrations_folder(package_file))
        service = build(settings)
        built.append(service)
        return Api(service.web.test_client(), service, folder)

    yield make
    for service in built:
        service.database.close()


@pytest.fixture
def api(make_api: Callable[..., Api], database_url: str) -> Api:
    """The service on each engine in turn."""
    return make_api(database_url)


@pytest.fixture
def sqlite_api(make_api: Callable[..., Api], tmp_path: Path) -> Api:
    """The service where the engine does not matter."""
    return make_api(f"sqlite:///{tmp_path}/files.sqlite3")
