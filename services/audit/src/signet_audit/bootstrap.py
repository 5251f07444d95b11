"""Where adapters meet ports: builds the web application and the background loops from settings."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask
from pydantic import SecretStr

from signet_audit.adapters.inbound.events import BINDINGS, RecordableEvents, append_to
from signet_audit.adapters.inbound.http import Application, record_namespace
from signet_audit.adapters.outbound.event_map import EVENTS, SERVICE, EventMap
from signet_audit.adapters.outbound.queries import SqlRecordQueries
from signet_audit.adapters.outbound.record_log import SqlRecordLog
from signet_audit.adapters.outbound.tables import LEASES, OUTBOX
from signet_audit.application.ports import LogUnavailable
from signet_audit.settings import Settings
from signet_common.messaging.background import Loop
from signet_common.messaging.connect import open_bus
from signet_common.messaging.consume import ConsumerLoop
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.ports import AUDIT_CONSUMER, Bus
from signet_common.messaging.relay import Relay
from signet_common.observability.tracing import configure_tracing
from signet_common.passport import PassportVerifier, parse_keys
from signet_common.sql.database import Database, DatabaseUnavailable
from signet_common.sql.leases import Leases
from signet_common.sql.outbox import Outbox, OutboxReader
from signet_common.web.openapi import export
from signet_common.web.readiness import Check
from signet_common.web.service import create_service
from signet_protocol.return_codes import ReturnCode

BACKLOG_SECONDS = 10.0
"""An event that waits longer than this makes the service degraded: its relay or the bus does not keep up."""

BATCH = 500
LINGER_SECONDS = 0.1
"""How long a batch waits for more: a commit costs as much as twenty records, and nobody waits for the log."""

ABOUT = "Who did what, when and from where: a record of every event of the platform, reads included."


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service, for a web process."""

    web: Flask
    database: Database


def build(settings: Settings) -> Service:
    """Wire the web application; nothing is connected yet."""
    database = Database.open(settings.database_url.get_secret_value(), grouped=True)
    outbox = Outbox(OUTBOX)
    web = create_service(
        SERVICE,
        [record_namespace(Application(SqlRecordQueries(database, EventMap(outbox))))],
        verifier=PassportVerifier(SERVICE, parse_keys(settings.passport_accepts.get_secret_value())),
        errors={DatabaseUnavailable: ReturnCode.UPSTREAM_UNAVAILABLE},
        checks={"database": lambda: _answers(database), "outbox": lambda: _drains(outbox, database)},
        tracing=configure_tracing(SERVICE, settings.otel_exporter_otlp_endpoint),
    )
    return Service(web, database)


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name."""
    database = Database.open(settings.database_url.get_secret_value(), grouped=False)
    bus = open_bus(settings.bus_url)
    source = OutboxReader(database, OUTBOX, Leases(database, LEASES), OutgoingEvent)
    return {"relay": Relay(source, bus.publisher(SERVICE)).run, "consumers": _consumer(bus, database).run}


def contract() -> dict[str, Any]:
    """The HTTP contract, from the same views that serve it; no database is touched."""
    settings = Settings(database_url=SecretStr("sqlite://"), bus_url="sqlite:/nowhere")
    return export(build(settings).web, service=SERVICE, title="Signet audit", version="1.0.0", description=ABOUT)


def declared_events() -> list[dict[str, Any]]:
    """The declarations of the events that this service tells."""
    return [asdict(event) for event in EVENTS]


def _consumer(bus: Bus, database: Database) -> ConsumerLoop:
    return ConsumerLoop(
        RecordableEvents(bus.consumer(AUDIT_CONSUMER, BINDINGS)),
        append_to(SqlRecordLog(database)),
        batch=BATCH,
        linger=LINGER_SECONDS,
        transient=(LogUnavailable,),
    )


def _answers(database: Database) -> Check:
    database.ping()
    return Check()


def _drains(outbox: Outbox, database: Database) -> Check:
    backlog = outbox.backlog(database)
    detail = f"pending={backlog.pending} oldest_seconds={backlog.oldest_seconds:.1f}"
    return Check("degraded" if backlog.oldest_seconds > BACKLOG_SECONDS else "ok", detail)
