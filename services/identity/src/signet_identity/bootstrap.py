"""Where adapters meet ports: builds the web application, the background loops and the commands from settings."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from pydantic import SecretStr

from signet_common.messaging.background import Loop
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.relay import Relay
from signet_common.observability.tracing import configure_tracing
from signet_common.passport import Passport, PassportVerifier, parse_keys
from signet_common.sql.database import Database, DatabaseUnavailable
from signet_common.sql.idempotency import AnswerNotKept, IdempotencyKeyReused, IdempotencyKeys
from signet_common.sql.leases import Leases
from signet_common.sql.outbox import Outbox, OutboxReader
from signet_common.sql.unit_of_work import SqlUnitOfWork
from signet_common.web.openapi import export
from signet_common.web.readiness import Check
from signet_common.web.service import create_service
from signet_identity.adapters.inbound.admin import FirstRunCommand
from signet_identity.adapters.inbound.http import ERRORS, Application, identity_namespaces
from signet_identity.adapters.outbound.contracts import permissions_in
from signet_identity.adapters.outbound.credentials import SqlCredentials
from signet_identity.adapters.outbound.event_map import EVENTS, SERVICE, EventMap
from signet_identity.adapters.outbound.keyring import Keyring
from signet_identity.adapters.outbound.passwords import Argon2Passwords, directly, in_threads
from signet_identity.adapters.outbound.queries import SqlAccounts, SqlApiKeyQueries, SqlRoleQueries, SqlUserQueries
from signet_identity.adapters.outbound.repository import SqlTransaction, transactions
from signet_identity.adapters.outbound.tables import IDEMPOTENCY_KEYS, LEASES, OUTBOX
from signet_identity.application.create_api_key import CreateApiKey
from signet_identity.application.create_user import CreateUser
from signet_identity.application.first_run import FirstRun
from signet_identity.application.issue_grant import IssueGrant
from signet_identity.application.ports import Passwords
from signet_identity.application.revoke_api_key import RevokeApiKey
from signet_identity.application.sign_in import SignIn
from signet_identity.application.sign_out import SignOut
from signet_identity.application.update_user import UpdateUser
from signet_identity.settings import Settings
from signet_protocol.return_codes import ReturnCode

BACKLOG_SECONDS = 10.0
"""An event that waits longer than this makes the service degraded: its relay or the bus does not keep up."""

ABOUT = "Users, roles, API keys and sessions: who may do what, and what they sign with."

_PERSISTENCE_ERRORS: dict[type[Exception], ReturnCode] = {
    IdempotencyKeyReused: ReturnCode.IDEMPOTENCY_CONFLICT,
    AnswerNotKept: ReturnCode.VALUE_DUPLICATE,
    DatabaseUnavailable: ReturnCode.UPSTREAM_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service, for a web process."""

    web: Flask
    database: Database


def build(settings: Settings, *, passwords: Passwords | None = None) -> Service:
    """Wire the web application; nothing is connected yet.

    Raises KeyringUnusable, ContractsUnreadable: without its keyring and the contracts identity can answer nothing.
    """
    keyring, operations = Keyring.load(settings.keyring), permissions_in(settings.contracts_dir)
    return _serve(settings, keyring, operations, passwords or Argon2Passwords(in_threads()))


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name."""
    database = Database.open(settings.database_url.get_secret_value(), grouped=False)
    source = OutboxReader(database, OUTBOX, Leases(database, LEASES), OutgoingEvent)
    return {"relay": Relay(source, open_bus(settings.bus_url).publisher(SERVICE)).run}


def first_run_command(settings: Settings, *, passwords: Passwords | None = None) -> FirstRunCommand:
    """The first run, for the command line. Raises KeyringUnusable."""
    database = Database.open(settings.database_url.get_secret_value(), grouped=False)
    keyring, events = Keyring.load(settings.keyring), EventMap(Outbox(OUTBOX))
    credentials = SqlCredentials(database, keyring)
    hashing = passwords or Argon2Passwords(directly)
    first_run = FirstRun(_unit_of_work(database, keyring, events), hashing, _now)
    return FirstRunCommand(first_run, lambda api_key: credentials.api_key(api_key, _now()) is not None)


def contract() -> dict[str, Any]:
    """The HTTP contract, from the same views that serve it; no database and no secret is touched."""
    nowhere = Path()
    settings = Settings(
        database_url=SecretStr("sqlite://"), bus_url="sqlite:/nowhere", keyring=nowhere, contracts_dir=nowhere
    )
    web = _serve(settings, Keyring("none", {}), (), Argon2Passwords(directly)).web
    return export(web, service=SERVICE, title="Signet identity", version="1.0.0", description=ABOUT)


def declared_events() -> list[dict[str, Any]]:
    """The declarations of the events that this service tells."""
    return [asdict(event) for event in EVENTS]


def _serve(settings: Settings, keyring: Keyring, operations: Collection[str], passwords: Passwords) -> Service:
    database = Database.open(settings.database_url.get_secret_value(), grouped=True)
    outbox = Outbox(OUTBOX)
    application = _application(settings, database, keyring, operations, passwords)
    web = create_service(
        SERVICE,
        identity_namespaces(application),
        verifier=PassportVerifier(SERVICE, parse_keys(settings.passport_accepts.get_secret_value())),
        errors=ERRORS | _PERSISTENCE_ERRORS,
        checks={"database": lambda: _answers(database), "outbox": lambda: _drains(outbox, database)},
        tracing=configure_tracing(SERVICE, settings.otel_exporter_otlp_endpoint),
    )
    return Service(web, database)


def _application(
    settings: Settings,
    database: Database,
    keyring: Keyring,
    operations: Collection[str],
    passwords: Passwords,
) -> Application:
    events, lifetime = EventMap(Outbox(OUTBOX)), timedelta(seconds=settings.session_seconds)
    unit_of_work = _unit_of_work(database, keyring, events)
    return Application(
        create_user=CreateUser(unit_of_work, passwords, _now),
        update_user=UpdateUser(unit_of_work, _now),
        create_api_key=CreateApiKey(unit_of_work, _now),
        revoke_api_key=RevokeApiKey(unit_of_work, _now),
        sign_in=SignIn(SqlAccounts(database), unit_of_work, passwords, _now, lifetime),
        sign_out=SignOut(unit_of_work),
        issue_grant=IssueGrant(SqlCredentials(database, keyring), operations, _now),
        users=SqlUserQueries(database, events),
        roles=SqlRoleQueries(database, events),
        api_keys=SqlApiKeyQueries(database, events),
    )


def _unit_of_work(database: Database, keyring: Keyring, events: EventMap) -> SqlUnitOfWork[Passport, SqlTransaction]:
    return SqlUnitOfWork(database, IdempotencyKeys(IDEMPOTENCY_KEYS), transactions(keyring, events))


def _now() -> datetime:
    return datetime.now(UTC)


def _answers(database: Database) -> Check:
    database.ping()
    return Check()


def _drains(outbox: Outbox, database: Database) -> Check:
    backlog = outbox.backlog(database)
    detail = f"pending={backlog.pending} oldest_seconds={backlog.oldest_seconds:.1f}"
    return Check("degraded" if backlog.oldest_seconds > BACKLOG_SECONDS else "ok", detail)
