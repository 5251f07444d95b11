"""Delete a file, which can be undone until its retention ends; or destroy it, which cannot.

Once its destruction is committed, what the store holds of it goes, and its owner has the room again. What fails there
is left to `collect_orphans`: nobody reads it any more.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_files.application.ports import Clock, Orphans, Transaction, UnitOfWork
from signet_files.application.storage import BlobStore
from signet_files.domain.errors import BlobError, FileNotFound
from signet_files.domain.files import File, differences


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Takes a file out of everybody's sight."""

    unit_of_work: UnitOfWork
    orphans: Orphans
    blobs: BlobStore
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
        if permanently:
            self._remove(file_id)

    def _remove(self, file_id: int) -> None:
        with suppress(BlobError):
            if names := self.orphans.remains(file_id):
                for name in names:
                    self.blobs.delete(name)
                self.orphans.forget(file_id)

    def _found(self, transaction: Transaction, caller: Passport, file_id: int, *, permanently: bool) -> File:
        """The active file; what is deleted already can still be destroyed."""
        owner = owner_filter(caller)
        try:
            return transaction.files.get(file_id, owner=owner)
        except FileNotFound:
            if not permanently:
                raise
            return transaction.files.get_deleted(file_id, owner=owner, at=self.clock())
