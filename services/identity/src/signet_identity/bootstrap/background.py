"""The background process of identity."""

from collections.abc import Mapping

from sqlalchemy import MetaData

from signet_common.messaging.background import Loop
from signet_common.messaging.command import Command
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.relay import Relay
from signet_common.sql.commands import CommandOutboxReader, commands_table
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases, leases_table
from signet_common.sql.outbox import OutboxReader, outbox_table
from signet_common.sql.retention import PurgeLoop, unasked_purge
from signet_identity import SERVICE
from signet_identity.adapters.outbound.retention import RETENTIONS
from signet_identity.settings import Settings


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name."""
    database = Database.open(settings.database_url, grouped=False)
    bus = open_bus(settings.bus_url)
    # Tables of its own: the row classes would bring the ORM along, and a relay needs none of it.
    tables = MetaData()
    leases = Leases(database, leases_table(tables))
    events = OutboxReader(database, outbox_table(tables), leases, OutgoingEvent)
    publisher = bus.publisher(SERVICE)
    commands = CommandOutboxReader(database, commands_table(tables), leases, Command)
    return {
        "relay": Relay(events, publisher, pulse=publisher.pulse).run,
        "command_relay": Relay(commands, bus.command_sender(SERVICE)).run,
        "purge": PurgeLoop(unasked_purge(database, RETENTIONS), leases).run,
    }
