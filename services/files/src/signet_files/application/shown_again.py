"""The first answer to an Idempotency-Key, given once more."""

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_files.application.ports import Transaction
from signet_files.domain.files import File


def file_again(transaction: Transaction, caller: Passport, file: File) -> None:
    """Record the read; raises FileNotFound where the caller may not see that file by now."""
    transaction.files.get(file.file_id, owner=owner_filter(caller))
    transaction.record(Change("file", "query", str(file.file_id)))
