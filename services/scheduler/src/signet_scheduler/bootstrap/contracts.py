"""What the scheduler publishes, written by the code that does it; nothing is connected."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from signet_common.keyring.ciphers import Keyring
from signet_common.sql.database import Database
from signet_common.web.openapi import export
from signet_scheduler import SERVICE
from signet_scheduler.adapters.outbound.event_map import EVENTS
from signet_scheduler.bootstrap.web import serve
from signet_scheduler.domain.mail_destination import FileOutbox
from signet_scheduler.settings import Settings

ABOUT = "Jobs that run once per slot, their runs and schedules, and the mail of the platform."


def contract() -> dict[str, Any]:
    """The HTTP contract, from the same views that serve it; no database or keyring is touched."""
    nowhere = Path("/nowhere")
    settings = Settings(
        database_url="sqlite://", bus_url="sqlite:/nowhere", keyring=nowhere, smtp_url=FileOutbox(nowhere)
    )
    service = serve(settings, Database.open(settings.database_url, grouped=True), Keyring("none", {"none": bytes(32)}))
    return export(service.web, service=SERVICE, title="Signet scheduler", version="1.0.0", description=ABOUT)


def declared_events() -> list[dict[str, Any]]:
    """The declarations of the events that this service tells."""
    return [asdict(event) for event in EVENTS]
