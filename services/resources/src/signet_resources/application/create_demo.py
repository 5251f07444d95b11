"""Create a demo."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_resources.application.ports import Clock, Transaction, UnitOfWork
from signet_resources.domain.demos import Demo, DemoState


@dataclass(frozen=True, slots=True)
class CreateDemo:
    """Adds a demo under a name that nobody has."""

    unit_of_work: UnitOfWork
    clock: Clock

    def __call__(self, caller: Passport, *, name: str, state: DemoState) -> Demo:
        """The new demo. Raises DemoNameTaken."""
        now = self.clock()

        def work(transaction: Transaction) -> Demo:
            demo = transaction.demos.add(name, state, by=caller.user_id, at=now)
            told = {"demo_name": (None, demo.demo_name), "demo_state": (None, demo.demo_state)}
            transaction.record(Change("demo", "insert", str(demo.demo_id), demo.version, told))
            return demo

        return self.unit_of_work.execute(caller, work, Demo)
