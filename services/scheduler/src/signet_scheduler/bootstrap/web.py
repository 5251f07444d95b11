"""The web process of the scheduler."""

from dataclasses import dataclass

from flask import Flask

from signet_common.keyring.ciphers import RowCipher
from signet_common.keyring.live import LiveKeyring
from signet_common.observability.tracing import configure_tracing
from signet_common.passport import PassportVerifier, parse_keys
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_common.sql.return_codes import PERSISTENCE_ERRORS
from signet_common.web.readiness import answers, drains
from signet_common.web.service import create_service
from signet_scheduler import SERVICE
from signet_scheduler.adapters.inbound.errors import ERRORS
from signet_scheduler.adapters.inbound.mail_http import mail_namespace
from signet_scheduler.adapters.outbound.tables import OUTBOX
from signet_scheduler.adapters.outbound.waiting_runs import due_runs
from signet_scheduler.application.shipped_jobs import SHIPPED
from signet_scheduler.bootstrap.api import api_namespaces
from signet_scheduler.bootstrap.deployment import now
from signet_scheduler.bootstrap.mail import mail_application
from signet_scheduler.settings import Settings

OVERDUE_SECONDS = 60.0
"""How long a due run may wait before the service calls itself degraded: no background process wakes workers then."""


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service, for a web process."""

    web: Flask
    database: Database


def build(settings: Settings) -> Service:
    """Wire the web application; nothing is connected yet. Raises KeyringUnusable: without its keys it seals nothing."""
    database = Database.open(settings.database_url, grouped=True)
    return serve(settings, database, LiveKeyring(settings.keyring))


def serve(settings: Settings, database: Database, keyring: RowCipher) -> Service:
    """Wire the web application from what `build` has read."""
    outbox = Outbox(OUTBOX)
    web = create_service(
        SERVICE,
        [*api_namespaces(database, SHIPPED), mail_namespace(mail_application(settings, database, keyring))],
        verifier=PassportVerifier(SERVICE, parse_keys(settings.passport_accepts)),
        errors={**ERRORS, **PERSISTENCE_ERRORS},
        checks={
            "database": answers(database.ping),
            "outbox": drains(lambda: outbox.backlog(database)),
            "waking": drains(lambda: due_runs(database, now()), within=OVERDUE_SECONDS),
        },
        tracing=configure_tracing(SERVICE, settings.otel_exporter_otlp_endpoint),
    )
    return Service(web, database)
