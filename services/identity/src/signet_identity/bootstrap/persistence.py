"""What the web process and the commands wire alike."""

import hashlib
import hmac
from datetime import UTC, datetime

from signet_common.keyring.ciphers import RowCipher
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.idempotency import IdempotencyKeys
from signet_common.sql.unit_of_work import SqlUnitOfWork
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.repository import SqlTransaction, transactions
from signet_identity.adapters.outbound.tables import IDEMPOTENCY_KEYS


def unit_of_work(database: Database, keyring: RowCipher, events: EventMap) -> SqlUnitOfWork[Passport, SqlTransaction]:
    """One transaction per call, in the name of a passport."""
    return SqlUnitOfWork(database, IdempotencyKeys(IDEMPOTENCY_KEYS), transactions(keyring, events))


def throttle_pepper(passport_accepts: str) -> bytes:
    """A secret that every worker has and the database has not; when the passport keys change, counts start afresh."""
    return hmac.digest(passport_accepts.encode(), b"sign-in throttles", hashlib.sha256)


def now() -> datetime:
    """The clock of the service."""
    return datetime.now(UTC)
