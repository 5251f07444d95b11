"""The background process of files."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import MetaData

from signet_common.messaging.background import Loop
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.relay import Relay
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases, leases_table
from signet_common.sql.outbox import OutboxReader, outbox_table
from signet_common.sql.retention import PurgeLoop, unasked_purge
from signet_files import SERVICE
from signet_files.adapters.inbound.collect_loop import CollectLoop
from signet_files.adapters.outbound.disk_threads import directly
from signet_files.adapters.outbound.retention import RETENTIONS
from signet_files.bootstrap.blobs import open_blobs
from signet_files.bootstrap.collecting import collector
from signet_files.settings import Settings


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name."""
    database = Database.open(settings.database_url, grouped=False)
    # Tables of its own: the row classes would bring the ORM along, and a relay needs none of it.
    tables = MetaData()
    leases = Leases(database, leases_table(tables))
    source = OutboxReader(database, outbox_table(tables), leases, OutgoingEvent)
    loops = {
        "relay": Relay(source, open_bus(settings.bus_url).publisher(SERVICE)).run,
        "purge": PurgeLoop(unasked_purge(database, RETENTIONS), leases).run,
    }
    return {**loops, "collect": _collecting(settings, database, leases)} if settings.collect_minutes else loops


def _collecting(settings: Settings, database: Database, leases: Leases) -> Loop:
    holder = uuid4().hex
    collect = collector(database, open_blobs(settings.blobs_url, directly))
    return CollectLoop(collect, lambda: leases.hold("collect", holder), timedelta(minutes=settings.collect_minutes)).run
