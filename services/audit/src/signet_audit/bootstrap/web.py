"""The web process of the audit log."""

import time
from dataclasses import dataclass

from flask import Flask

from signet_audit import SERVICE
from signet_audit.adapters.inbound.http import Application, record_namespace
from signet_audit.adapters.inbound.jobs import job_namespace
from signet_audit.adapters.outbound.counted_records import SqlCountedRecords
from signet_audit.adapters.outbound.event_map import EventMap
from signet_audit.adapters.outbound.queries import SqlRecordQueries
from signet_audit.adapters.outbound.retention import RETENTIONS
from signet_audit.adapters.outbound.tables import OUTBOX
from signet_audit.application.digest_activity import DigestActivity
from signet_audit.settings import Settings
from signet_common.observability.tracing import configure_tracing
from signet_common.passport import PassportVerifier, parse_keys
from signet_common.sql.database import Database, DatabaseUnavailable
from signet_common.sql.outbox import Outbox
from signet_common.sql.retention import Purge
from signet_common.web.purge_job import purge_namespace
from signet_common.web.readiness import answers, drains
from signet_common.web.service import create_service
from signet_protocol.return_codes import ReturnCode


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service, for a web process."""

    web: Flask
    database: Database


def build(settings: Settings) -> Service:
    """Wire the web application; nothing is connected yet."""
    database = Database.open(settings.database_url, grouped=True)
    outbox = Outbox(OUTBOX)
    events = EventMap(outbox)
    web = create_service(
        SERVICE,
        [
            record_namespace(Application(SqlRecordQueries(database, events))),
            job_namespace(DigestActivity(SqlCountedRecords(database, events), time.monotonic, _let_others)),
            purge_namespace(Purge(database, RETENTIONS).within),
        ],
        verifier=PassportVerifier(SERVICE, parse_keys(settings.passport_accepts)),
        errors={DatabaseUnavailable: ReturnCode.UPSTREAM_UNAVAILABLE},
        checks={"database": answers(database.ping), "outbox": drains(lambda: outbox.backlog(database))},
        tracing=configure_tracing(SERVICE, settings.otel_exporter_otlp_endpoint),
    )
    return Service(web, database)


def _let_others() -> None:
    """Give gevent's loop a turn, which a long piece of work would hold up."""
    time.sleep(0)
