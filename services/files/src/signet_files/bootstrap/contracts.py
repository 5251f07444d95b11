"""What files publishes, written by the code that does it; nothing is connected."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from signet_common.keyring.ciphers import Keyring
from signet_common.sql.database import Database
from signet_common.web.openapi import export
from signet_files import SERVICE
from signet_files.adapters.outbound.event_map import EVENTS
from signet_files.bootstrap.web import serve
from signet_files.settings import Settings

ABOUT = "Files of any size, each encrypted under a key of its own before a byte of it is stored."


def contract() -> dict[str, Any]:
    """The HTTP contract, from the same views that serve it; no database, store or keyring is touched."""
    settings = Settings(
        database_url="sqlite://", bus_url="sqlite:/nowhere", blobs_url="file:/nowhere", keyring=Path("/nowhere")
    )
    keyring = Keyring("none", {"none": bytes(32)})
    service = serve(settings, Database.open(settings.database_url, grouped=True), keyring)
    return export(service.web, service=SERVICE, title="Signet files", version="1.0.0", description=ABOUT)


def declared_events() -> list[dict[str, Any]]:
    """The declarations of the events that this service tells."""
    return [asdict(event) for event in EVENTS]
