"""What the web process and the commands wire alike."""

from pathlib import Path

from sqlalchemy import Connection

from signet_common.keyring.live import LiveKeyring
from signet_common.keyring.rotation import Rotation
from signet_common.keyring.store import FileKeyringStore
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.idempotency import IdempotencyKeys
from signet_common.sql.outbox import Outbox
from signet_common.sql.stored_secrets import SqlStoredSecrets
from signet_common.sql.unit_of_work import SqlUnitOfWork
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.quotas import SqlQuotas
from signet_files.adapters.outbound.repository import SqlFiles, SqlTransaction
from signet_files.adapters.outbound.tables import IDEMPOTENCY_KEYS, OUTBOX, UNDER_KEYRING
from signet_files.application.keyring_log import KeyringLog
from signet_files.application.ports import Clock, Record

MIB = 2**20


def recording(database: Database) -> Record:
    """How something by itself gets into the audit log."""
    events = EventMap(Outbox(OUTBOX))
    return lambda change, caller: events.append(database, change, caller)


def keyring_rotation(database: Database, keyring: Path, clock: Clock, caller: Passport) -> Rotation:
    """Rotation of the keyring, which wraps every data key anew and touches no blob. Raises KeyringUnusable."""
    secrets = SqlStoredSecrets(database, UNDER_KEYRING, LiveKeyring(keyring))
    return Rotation(FileKeyringStore(keyring), secrets, clock, KeyringLog(recording(database), caller))


def unit_of_work(database: Database, quota: int) -> SqlUnitOfWork[Passport, SqlTransaction]:
    """One transaction per call, in the name of a passport; `quota` in bytes, for whoever has no limit of their own."""
    events = EventMap(Outbox(OUTBOX))

    def transaction(connection: Connection, caller: Passport) -> SqlTransaction:
        return SqlTransaction(SqlFiles(connection, quota), SqlQuotas(connection, quota), connection, caller, events)

    return SqlUnitOfWork(database, IdempotencyKeys(IDEMPOTENCY_KEYS), transaction)
