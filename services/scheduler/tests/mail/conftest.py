"""Mail on a migrated database, and the web service around it."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from signet_common.keyring.ciphers import Keyring
from signet_common.passport import Passport, PassportIssuer, format_keys
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.idempotency import IdempotencyKeys
from signet_common.sql.migrations import upgrade
from signet_common.sql.outbox import Outbox
from signet_common.sql.unit_of_work import SqlUnitOfWork
from signet_scheduler import __file__ as package_file
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.mail_rows import MailContents
from signet_scheduler.adapters.outbound.mails import SqlMails, SqlMailTransaction
from signet_scheduler.adapters.outbound.tables import IDEMPOTENCY_KEYS, MAILS, OUTBOX, RUNS
from signet_scheduler.adapters.outbound.waiting_mails import SqlWaitingMails
from signet_scheduler.application.ask_for_mail import AskForMail, MailRules
from signet_scheduler.application.mail_transport import MailError, OutgoingMail
from signet_scheduler.bootstrap.web import serve
from signet_scheduler.domain.mail_destination import FileOutbox
from signet_scheduler.settings import Settings

KEY = b"g" * 32
SCHEDULER = Passport(
    issuer="scheduler", audience="scheduler", request_id="r", method="", target="", body_sha256="",
    user_name="deployment", authentication="service",
)  # fmt: skip
CALLER = Passport(
    issuer="gateway", audience="scheduler", request_id="request-1", method="", target="", body_sha256="", user_id=7,
    user_name="ann", scope="any", authentication="api_key", credential_id="api_key/1", client_ip="192.0.2.1",
    request_digest="d" * 64,
)  # fmt: skip


@dataclass
class MemoryTransport:
    """Takes mails, or raises what it is told to, one after another."""

    failures: list[MailError] = field(default_factory=list)
    sent: list[OutgoingMail] = field(default_factory=list)

    def send(self, mail: OutgoingMail) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(mail)
        return "250 taken"


@dataclass
class Post:
    """Mail on a database, at a time that the test sets."""

    database: Database
    rules: MailRules = field(default_factory=MailRules)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.keyring = Keyring("k1", {"k1": b"1" * 32})
        self.waiting = SqlWaitingMails(self.database, self.keyring, SCHEDULER)

    def clock(self) -> datetime:
        return self.now

    def later(self, **interval: float) -> None:
        self.now += timedelta(**interval)

    @property
    def ask(self) -> AskForMail:
        events, contents = EventMap(Outbox(OUTBOX)), MailContents(self.keyring)
        work: SqlUnitOfWork[Passport, SqlMailTransaction] = SqlUnitOfWork(
            self.database,
            IdempotencyKeys(IDEMPOTENCY_KEYS),
            lambda connection, caller: SqlMailTransaction(SqlMails(connection, contents), connection, caller, events),
        )
        return AskForMail(work, SCHEDULER, self.rules, self.clock)

    def rows(self, table: Any = MAILS) -> list[dict[str, Any]]:
        found = self.database.read(lambda c: c.execute(select(table).order_by(*table.primary_key)).mappings().all())
        return [dict(row) for row in found]

    def row(self) -> dict[str, Any]:
        [row] = self.rows()
        return row

    def end_run(self, run_id: int, state: str = "cancelled") -> None:
        self.database.write(lambda c: c.execute(RUNS.update().where(RUNS.c.run_id == run_id).values(run_state=state)))

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What was told, with what changed."""
        bodies = [json.loads(row["body"]) for row in self.rows(OUTBOX)]
        return [
            (".".join(body["type"].split(".")[2:4]), {name: new for name, (_, new) in body["data"]["changes"].items()})
            for body in bodies
        ]


@dataclass
class Api:
    """Calls the service as the gateway would."""

    client: FlaskClient
    post: Post

    def call(self, method: str, target: str, body: Any = None, *, headers: Any = None, **claims: Any) -> TestResponse:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        permission = "mail:create" if method == "POST" else "mail:query"
        passport = replace(
            CALLER,
            **{
                "method": method, "target": target, "body_sha256": hashlib.sha256(data).hexdigest(),
                "permission": permission, **claims,
            },
        )  # fmt: skip
        token = PassportIssuer("gateway", {"scheduler": {"k1": KEY}}).issue(passport)
        sent = {"X-Passport": token} | ({"Content-Type": "application/json"} if data else {}) | (headers or {})
        return self.client.open(target, method=method, data=data, headers=sent)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied: migrating anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "scheduler.sqlite3"
    upgrade(f"sqlite:///{path}", migrations_folder(package_file))
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    path = tmp_path / "scheduler.sqlite3"
    shutil.copyfile(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def post(sqlite_url: str) -> Iterator[Post]:
    """Mail where the engine does not matter."""
    post = Post(Database.open(sqlite_url, grouped=False))
    yield post
    post.database.close()


@pytest.fixture
def any_post(database_url: str) -> Iterator[Post]:
    """Mail on each engine in turn."""
    upgrade(database_url, migrations_folder(package_file))
    post = Post(Database.open(database_url, grouped=False))
    yield post
    post.database.close()


@pytest.fixture
def api(sqlite_url: str, post: Post) -> Iterator[Api]:
    """The web service on the database of `post`."""
    settings = Settings(
        database_url=sqlite_url, bus_url="sqlite:/unused", keyring=Path("/unused"), mail_per_hour=3,
        mails_per_sender=10, smtp_url=FileOutbox(Path("/unused")),
        passport_accepts=format_keys({"gateway": {"k1": KEY}}),
    )  # fmt: skip
    database = Database.open(sqlite_url, grouped=True)
    yield Api(serve(settings, database, post.keyring).web.test_client(), post)
    database.close()


def token_values(post: Post, **changed: Any) -> Mapping[str, Any]:
    """The values of a mail with a token that works for half an hour."""
    expires_at = (post.now + timedelta(minutes=30)).isoformat(timespec="seconds")
    return {"user_name": "ann", "token": "t" * 43, "expires_at": expires_at, **changed}
