"""What the intentions of this service need from the outside, in their own words."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_resources.domain.demos import Demo

ResultT = TypeVar("ResultT")

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""


class Demos(Protocol):
    """The demos, inside one transaction."""

    def get(self, demo_id: int, *, owner: int | None) -> Demo:
        """The demo, locked until the transaction ends; with `owner`, only if that user made it.

        Raises DemoNotFound.
        """
        ...

    def add(self, fields: Mapping[str, Any], *, by: int | None, at: datetime) -> Demo:
        """Insert the first version, with all of `CLIENT_FIELDS` in `fields`. Raises DemoNameTaken."""
        ...

    def save(self, demo: Demo) -> None:
        """Replace the version before `demo.version`. Raises DemoNameTaken, VersionMismatch."""
        ...

    def remove(self, demo: Demo) -> None:
        """Delete the row and free its name."""
        ...


class Transaction(Protocol):
    """What one unit of work can reach. The event of a change commits with it or not at all."""

    @property
    def demos(self) -> Demos: ...

    def record(self, change: Change) -> None: ...


class UnitOfWork(Protocol):
    """One transaction per call. `work` may run in another thread, and again after a deadlock."""

    def execute(
        self,
        caller: Passport,
        work: Callable[[Transaction], ResultT],
        result: type[ResultT],
        *,
        adds_only: bool = False,
        again: Callable[[Transaction, ResultT], None] | None = None,
    ) -> ResultT:
        """Do the work, or return the first answer to the caller's Idempotency-Key; `result` is what it returns.

        `again` stands before that answer: it raises what keeps the caller from it by now, and records a read.

        `adds_only` promises that the work adds objects and touches none that is there: it may then share its
        transaction with others of its kind, whose failures it does not see.
        """
        ...
