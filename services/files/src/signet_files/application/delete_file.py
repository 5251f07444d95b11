"""Delete a file, which can be undone until its retention ends; or destroy it, which cannot."""

from dataclasses import dataclass
from datetime import timedelta

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_files.application.ports import Clock, Transaction, UnitOfWork
from signet_files.domain.errors import FileNotFound
from signet_files.domain.files import File, differences


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Takes a file out of everybody's sight."""

    unit_of_work: UnitOfWork
    retention: timedelta
    clock: Clock

    def __call__(
        self, caller: Passport, file_id: int, *, expected: frozenset[int] | None, permanently: bool = False
    ) -> None:
        """`permanently` erases the key in the same transaction. Raises FileNotFound, VersionMismatch."""
        now = self.clock()

        def work(transaction: Transaction) -> None:
            file = self._found(transaction, caller, file_id, permanently=permanently)
            file.require_version(expected)
            if permanently:
                transaction.files.condemn(file)
                transaction.record(Change("file", "destroy", str(file_id), file.version + 1, differences(file, None)))
                return
            gone = file.deleted(self.retention, by=caller.user_id, at=now)
            transaction.files.save(gone)
            transaction.record(Change("file", "delete", str(file_id), gone.version, differences(file, gone)))

        self.unit_of_work.execute(caller, work, type(None))

    def _found(self, transaction: Transaction, caller: Passport, file_id: int, *, permanently: bool) -> File:
        """The active file; what is deleted already can still be destroyed."""
        owner = owner_filter(caller)
        try:
            return transaction.files.get(file_id, owner=owner)
        except FileNotFound:
            if not permanently:
                raise
            return transaction.files.get_deleted(file_id, owner=owner, at=self.clock())
