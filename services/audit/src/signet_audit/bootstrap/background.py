"""The background process of the audit log."""

from collections.abc import Mapping

from sqlalchemy import MetaData

from signet_audit import SERVICE
from signet_audit.adapters.inbound.events import BINDINGS, read_record
from signet_audit.adapters.outbound.record_log import SqlRecordLog
from signet_audit.adapters.outbound.retention import RETENTIONS
from signet_audit.application.ports import LogUnavailable, RecordLog
from signet_audit.domain.records import Record
from signet_audit.settings import Settings
from signet_common.messaging.background import Loop
from signet_common.messaging.connect import open_bus
from signet_common.messaging.consume import ConsumerLoop
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.ports import AUDIT_CONSUMER, Bus
from signet_common.messaging.relay import Relay
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases, leases_table
from signet_common.sql.outbox import OutboxReader, outbox_table
from signet_common.sql.retention import PurgeLoop, unasked_purge

BATCH = 500
LINGER_SECONDS = 0.1
"""How long a batch waits for more. Nobody waits for the log, and ten times shorter costs a quarter more CPU."""


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name."""
    database = Database.open(settings.database_url, grouped=False)
    bus = open_bus(settings.bus_url)
    # Tables of its own: the row classes would bring the ORM along, and no loop here needs it.
    tables = MetaData()
    leases = Leases(database, leases_table(tables))
    source = OutboxReader(database, outbox_table(tables), leases, OutgoingEvent)
    return {
        "relay": Relay(source, bus.publisher(SERVICE)).run,
        "consumers": _consumer(bus, database).run,
        "purge": PurgeLoop(unasked_purge(database, RETENTIONS), leases).run,
    }


def _consumer(bus: Bus, database: Database) -> ConsumerLoop[Record]:
    log: RecordLog = SqlRecordLog(database)
    return ConsumerLoop(
        bus.consumer(AUDIT_CONSUMER, BINDINGS),
        read_record,
        log.append,
        batch=BATCH,
        linger=LINGER_SECONDS,
        transient=(LogUnavailable,),
    )
