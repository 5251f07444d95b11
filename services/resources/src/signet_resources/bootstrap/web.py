"""The web process of resources."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import Connection

from signet_common.observability.tracing import configure_tracing
from signet_common.passport import Passport, PassportVerifier, parse_keys
from signet_common.sql.database import Database
from signet_common.sql.idempotency import IdempotencyKeys
from signet_common.sql.outbox import Outbox
from signet_common.sql.retention import Purge
from signet_common.sql.return_codes import PERSISTENCE_ERRORS
from signet_common.sql.unit_of_work import SqlUnitOfWork
from signet_common.web.purge_job import purge_namespace
from signet_common.web.readiness import answers, drains
from signet_common.web.service import create_service
from signet_resources import SERVICE
from signet_resources.adapters.inbound.http import ERRORS, Application, demo_namespace
from signet_resources.adapters.outbound.event_map import EventMap
from signet_resources.adapters.outbound.queries import SqlDemoQueries
from signet_resources.adapters.outbound.repository import SqlDemos, SqlTransaction
from signet_resources.adapters.outbound.retention import RETENTIONS
from signet_resources.adapters.outbound.tables import IDEMPOTENCY_KEYS, OUTBOX
from signet_resources.application.create_demo import CreateDemo
from signet_resources.application.delete_demo import DeleteDemo
from signet_resources.application.update_demo import UpdateDemo
from signet_resources.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service, for a web process."""

    web: Flask
    database: Database


def build(settings: Settings) -> Service:
    """Wire the web application; nothing is connected yet."""
    database = Database.open(settings.database_url, grouped=True)
    outbox = Outbox(OUTBOX)
    web = create_service(
        SERVICE,
        [
            demo_namespace(_application(database, EventMap(outbox))),
            purge_namespace(Purge(database, RETENTIONS).within),
        ],
        verifier=PassportVerifier(SERVICE, parse_keys(settings.passport_accepts)),
        errors={**ERRORS, **PERSISTENCE_ERRORS},
        checks={"database": answers(database.ping), "outbox": drains(lambda: outbox.backlog(database))},
        tracing=configure_tracing(SERVICE, settings.otel_exporter_otlp_endpoint),
    )
    return Service(web, database)


def _application(database: Database, events: EventMap) -> Application:
    def transaction(connection: Connection, caller: Passport) -> SqlTransaction:
        return SqlTransaction(SqlDemos(connection), connection, caller, events)

    unit_of_work: SqlUnitOfWork[Passport, SqlTransaction] = SqlUnitOfWork(
        database, IdempotencyKeys(IDEMPOTENCY_KEYS), transaction
    )
    return Application(
        create_demo=CreateDemo(unit_of_work, _now),
        update_demo=UpdateDemo(unit_of_work, _now),
        delete_demo=DeleteDemo(unit_of_work),
        demos=SqlDemoQueries(database, events),
    )


def _now() -> datetime:
    return datetime.now(UTC)
