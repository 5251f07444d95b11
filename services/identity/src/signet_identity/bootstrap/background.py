"""The background process of identity."""

from collections.abc import Mapping

from signet_common.messaging.background import Loop
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.relay import Relay
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases
from signet_common.sql.outbox import OutboxReader
from signet_identity.adapters.outbound.event_map import SERVICE
from signet_identity.adapters.outbound.tables import LEASES, OUTBOX
from signet_identity.settings import Settings


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name."""
    database = Database.open(settings.database_url.get_secret_value(), grouped=False)
    source = OutboxReader(database, OUTBOX, Leases(database, LEASES), OutgoingEvent)
    return {"relay": Relay(source, open_bus(settings.bus_url).publisher(SERVICE)).run}
