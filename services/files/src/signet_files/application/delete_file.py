"""Delete a file, which can be undone until its retention ends."""

from dataclasses import dataclass
from datetime import timedelta

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_files.application.ports import Clock, Transaction, UnitOfWork
from signet_files.domain.files import differences


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Takes a file out of everybody's sight."""

    unit_of_work: UnitOfWork
    retention: timedelta
    clock: Clock

    def __call__(self, caller: Passport, file_id: int, *, expected: frozenset[int] | None) -> None:
        """Raises FileNotFound, VersionMismatch."""
        now = self.clock()

        def work(transaction: Transaction) -> None:
            file = transaction.files.get(file_id, owner=owner_filter(caller))
            file.require_version(expected)
            gone = file.deleted(self.retention, by=caller.user_id, at=now)
            transaction.files.save(gone)
            transaction.record(Change("file", "delete", str(file_id), gone.version, differences(file, gone)))

        self.unit_of_work.execute(caller, work, type(None))
