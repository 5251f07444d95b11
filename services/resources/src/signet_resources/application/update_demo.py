"""Change a demo, active or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_resources.application.ports import Clock, Transaction, UnitOfWork
from signet_resources.application.shown_again import demo_again
from signet_resources.domain.demos import Demo, differences


@dataclass(frozen=True, slots=True)
class UpdateDemo:
    """Sets some fields of a demo; what is not named stays."""

    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(
        self, caller: Passport, demo_id: int, *, fields: Mapping[str, Any], expected: frozenset[int] | None
    ) -> Demo:
        """The demo after the change. Raises DemoNotFound, DemoNameTaken, VersionMismatch."""
        now = self.clock()

        def work(transaction: Transaction) -> Demo:
            old = transaction.demos.get(demo_id, owner=owner_filter(caller))
            old.require_version(expected)
            new = old.changed(fields, by=caller.user_id, at=now)
            transaction.demos.save(new)
            transaction.record(Change("demo", "update", str(demo_id), new.version, differences(old, new)))
            return new

        return self.unit_of_work.execute(
            caller, work, Demo, again=lambda transaction, demo: demo_again(transaction, caller, demo)
        )
