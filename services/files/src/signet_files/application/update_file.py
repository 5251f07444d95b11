"""Give a file another name."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_files.application.ports import Clock, Transaction, UnitOfWork
from signet_files.application.shown_again import file_again
from signet_files.domain.files import File, differences


@dataclass(frozen=True, slots=True)
class UpdateFile:
    """Changes what may be changed of a file, which is what people call it; what it holds stays."""

    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(self, caller: Passport, file_id: int, *, file_name: str, expected: frozenset[int] | None) -> File:
        """The file after the change. Raises FileNotFound, VersionMismatch."""
        now = self.clock()

        def work(transaction: Transaction) -> File:
            old = transaction.files.get(file_id, owner=owner_filter(caller))
            old.require_version(expected)
            new = old.renamed(file_name, by=caller.user_id, at=now)
            transaction.files.save(new)
            transaction.record(Change("file", "update", str(file_id), new.version, differences(old, new)))
            return new

        return self.unit_of_work.execute(
            caller, work, File, again=lambda transaction, file: file_again(transaction, caller, file)
        )
