"""Group commit: requests that wait at the same moment share one transaction.

A commit costs the same for one row as for fifty. The first request to arrive wakes a greenlet, which runs when
everything that is ready at this moment has run, and takes everybody who came by then; while that group commits, the
next one gathers by itself. There is no timer: an idle house pays no delay, a busy one forms larger groups. For gevent
only; plain threads have no loop to turn.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import gevent
from gevent.event import AsyncResult
from gevent.queue import SimpleQueue

MAX_GROUP = 256

EntryT = TypeVar("EntryT")


class GroupCommit(Generic[EntryT]):
    """Collects entries and hands them to `commit` in groups, one group at a time.

    `commit` gets the entries and returns, in order, what each caller of `submit` receives; a value that is an exception
    is raised there. When `commit` itself raises, every member of the group sees that.

    One greenlet leads all groups: to start one for each would take three times as long as to wake it.
    """

    def __init__(self, commit: Callable[[list[EntryT]], list[Any]]) -> None:
        self._commit = commit
        self._waiting: SimpleQueue[tuple[EntryT, AsyncResult]] = SimpleQueue()
        self._leader: gevent.Greenlet[..., None] | None = None

    def submit(self, entry: EntryT) -> Any:
        """Wait until the group with `entry` has been committed; its result, or its exception."""
        outcome = AsyncResult()
        self._waiting.put((entry, outcome))
        if not self._leader:
            self._leader = gevent.spawn(self._lead)
        return outcome.get()

    def _lead(self) -> None:
        while True:
            self._settle(self._next_group())

    def _next_group(self) -> list[tuple[EntryT, AsyncResult]]:
        waiting = self._waiting
        group = [waiting.get()]
        while len(group) < MAX_GROUP and waiting.qsize():
            group.append(waiting.get())
        return group

    def _settle(self, group: list[tuple[EntryT, AsyncResult]]) -> None:
        try:
            results = self._commit([entry for entry, _ in group])
        except Exception as failed:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            results = [failed] * len(group)
        for (_, outcome), result in zip(group, results, strict=True):
            if isinstance(result, BaseException):
                outcome.set_exception(result)
            else:
                outcome.set(result)
