"""What the processes and the commands wire alike."""

from pathlib import Path

from signet_common.keyring.live import LiveKeyring
from signet_common.keyring.rotation import Rotation
from signet_common.keyring.store import FileKeyringStore
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_common.sql.stored_secrets import SqlStoredSecrets
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.tables import OUTBOX, UNDER_KEYRING
from signet_scheduler.application.keyring_log import KeyringLog
from signet_scheduler.application.ports import Clock, Record


def recording(database: Database) -> Record:
    """How something by itself gets into the audit log."""
    events = EventMap(Outbox(OUTBOX))
    return lambda change, caller: events.append(database, change, caller)


def keyring_rotation(database: Database, keyring: Path, clock: Clock, caller: Passport) -> Rotation:
    """Rotation of the keyring, which encrypts the content of every waiting mail anew. Raises KeyringUnusable."""
    secrets = SqlStoredSecrets(database, UNDER_KEYRING, LiveKeyring(keyring))
    return Rotation(FileKeyringStore(keyring), secrets, clock, KeyringLog(recording(database), caller))
