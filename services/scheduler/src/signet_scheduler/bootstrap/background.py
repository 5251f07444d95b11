"""The background process of the scheduler."""

from collections.abc import Mapping

from signet_common.keyring.live import LiveKeyring
from signet_common.messaging.background import Loop
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent
from signet_common.messaging.relay import Relay
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases
from signet_common.sql.outbox import OutboxReader
from signet_common.sql.retention import PurgeLoop, unasked_purge
from signet_scheduler import SERVICE
from signet_scheduler.adapters.outbound.retention import RETENTIONS
from signet_scheduler.adapters.outbound.tables import LEASES, OUTBOX
from signet_scheduler.application.shipped_jobs import SHIPPED
from signet_scheduler.bootstrap.mail import mail_loop
from signet_scheduler.bootstrap.planning import plan_loop
from signet_scheduler.bootstrap.running import run_loops_of
from signet_scheduler.settings import Settings

RELAY_SECONDS = 0.2
"""How often the outbox is looked into; nobody waits for the events of this service."""


def background_loops(settings: Settings) -> Mapping[str, Loop]:
    """The loops of the background process, by name. Raises KeyringUnusable."""
    database = Database.open(settings.database_url, grouped=False)
    leases = Leases(database, LEASES)
    source = OutboxReader(database, OUTBOX, leases, OutgoingEvent, poll_seconds=RELAY_SECONDS)
    bus, keyring = open_bus(settings.bus_url), LiveKeyring(settings.keyring)
    return {
        "relay": Relay(source, bus.publisher(SERVICE)).run,
        "plan": plan_loop(database, SHIPPED).run,
        "purge": PurgeLoop(unasked_purge(database, RETENTIONS), leases).run,
        "mail": mail_loop(settings, database, keyring, bus.command_receiver()).run,
        **run_loops_of(settings, database),
    }
