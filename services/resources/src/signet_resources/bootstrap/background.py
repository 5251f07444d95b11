"""The background process of resources."""

from collections.abc import Mapping

from sqlalchemy import MetaData

from signet_common.messaging.background import Loop
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.relay import Relay
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases, leases_table
from signet_common.sql.outbox import OutboxReader, outbox_table
from signet_common.sql.retention import PurgeLoop, unasked_purge
from signet_resources import SERVICE
from signet_resources.adapters.outbound.retention import RETENTIONS
from signet_resources.settings import Settings


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name."""
    database = Database.open(settings.database_url, grouped=False)
    # Tables of its own: the row classes would bring the ORM along, and a relay needs none of it.
    tables = MetaData()
    leases = Leases(database, leases_table(tables))
    source = OutboxReader(database, outbox_table(tables), leases, OutgoingEvent)
    return {
        "relay": Relay(source, open_bus(settings.bus_url).publisher(SERVICE)).run,
        "purge": PurgeLoop(unasked_purge(database, RETENTIONS), leases).run,
    }
