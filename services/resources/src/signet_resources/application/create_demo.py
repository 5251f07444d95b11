"""Create a demo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_resources.application.ports import Clock, Transaction, UnitOfWork
from signet_resources.application.shown_again import demo_again
from signet_resources.domain.demos import Demo, differences


@dataclass(frozen=True, slots=True)
class CreateDemo:
    """Adds a demo under a name that nobody has."""

    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(self, caller: Passport, *, fields: Mapping[str, Any]) -> Demo:
        """The new demo, with all of `CLIENT_FIELDS` in `fields`. Raises DemoNameTaken."""
        now = self.clock()

        def work(transaction: Transaction) -> Demo:
            demo = transaction.demos.add(fields, by=caller.user_id, at=now)
            transaction.record(Change("demo", "insert", str(demo.demo_id), demo.version, differences(None, demo)))
            return demo

        return self.unit_of_work.execute(
            caller, work, Demo, adds_only=True, again=lambda transaction, demo: demo_again(transaction, caller, demo)
        )
