"""What resources publishes, written by the code that does it; nothing is connected."""

from dataclasses import asdict
from typing import Any

from signet_common.web.openapi import export
from signet_resources import SERVICE
from signet_resources.adapters.outbound.event_map import EVENTS
from signet_resources.bootstrap.web import build
from signet_resources.settings import Settings

ABOUT = "Demo, the example resource: unique names, states, versions, and an event for everything that happens to one."


def contract() -> dict[str, Any]:
    """The HTTP contract, from the same views that serve it; no database is touched."""
    settings = Settings(database_url="sqlite://", bus_url="sqlite:/nowhere")
    return export(build(settings).web, service=SERVICE, title="Signet resources", version="1.0.0", description=ABOUT)


def declared_events() -> list[dict[str, Any]]:
    """The declarations of the events that this service tells."""
    return [asdict(event) for event in EVENTS]
