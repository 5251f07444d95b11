"""Delete a demo."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_resources.application.ports import Transaction, UnitOfWork
from signet_resources.domain.demos import differences


@dataclass(frozen=True, slots=True)
class DeleteDemo:
    """Removes a demo's row, so that its name is free again."""

    unit_of_work: UnitOfWork

    def __call__(self, caller: Passport, demo_id: int, *, expected: frozenset[int] | None) -> None:
        """Raises DemoNotFound, VersionMismatch."""

        def work(transaction: Transaction) -> None:
            demo = transaction.demos.get(demo_id, owner=owner_filter(caller))
            demo.require_version(expected)
            transaction.demos.remove(demo)
            transaction.record(Change("demo", "delete", str(demo_id), demo.version + 1, differences(demo, None)))

        self.unit_of_work.execute(caller, work, type(None))
