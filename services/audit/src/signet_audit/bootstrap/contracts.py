"""What the audit log publishes, written by the code that does it; nothing is connected."""

from dataclasses import asdict
from typing import Any

from signet_audit import SERVICE
from signet_audit.adapters.outbound.event_map import EVENTS
from signet_audit.bootstrap.web import build
from signet_audit.settings import Settings
from signet_common.web.openapi import export

ABOUT = "Who did what, when and from where: a record of every event of the platform, reads included."


def contract() -> dict[str, Any]:
    """The HTTP contract, from the same views that serve it; no database is touched."""
    settings = Settings(database_url="sqlite://", bus_url="sqlite:/nowhere")
    return export(build(settings).web, service=SERVICE, title="Signet audit", version="1.0.0", description=ABOUT)


def declared_events() -> list[dict[str, Any]]:
    """The declarations of the events that this service tells."""
    return [asdict(event) for event in EVENTS]
