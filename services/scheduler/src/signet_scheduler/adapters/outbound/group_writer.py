"""Group writes of plain threads: what waits at the same moment shares one transaction.

A commit costs the same for one row as for sixteen. One thread writes; while it commits, those who come meanwhile gather
by themselves, so that an idle process pays no delay and a busy one forms larger groups.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from signet_common.sql.database import DatabaseUnavailable

MAX_GROUP = 64

EntryT = TypeVar("EntryT")


class GroupWriter(Generic[EntryT]):
    """Hands entries to `write` in groups, one group at a time.

    `write` returns, in order, what each caller of `submit` receives. When it raises, everybody in the group is written
    once more alone, so that one entry that cannot be written fails by itself; unless there is no database at all.
    """

    def __init__(self, write: Callable[[Sequence[EntryT]], Sequence[Any]]) -> None:
        self._write = write
        self._waiting: SimpleQueue[tuple[EntryT, Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="attempts", daemon=True)
        self._thread.start()

    def submit(self, entry: EntryT) -> Any:
        """Wait until the group with `entry` is committed; its result, or what `write` raised."""
        outcome: Future[Any] = Future()
        self._waiting.put((entry, outcome))
        return outcome.result()

    def close(self) -> None:
        """End when everything that waits is written; nobody may submit any more."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        entry = self._waiting.get()
        while entry is not None:
            group = [entry]
            try:
                while len(group) < MAX_GROUP and (entry := self._waiting.get_nowait()) is not None:
                    group.append(entry)
            except Empty:
                pass
            self._settle(group)
            if entry is not None:
                entry = self._waiting.get()

    def _settle(self, group: Sequence[tuple[EntryT, "Future[Any]"]]) -> None:
        try:
            results = self._write([entry for entry, _ in group])
        except DatabaseUnavailable as unavailable:
            for _, outcome in group:
                outcome.set_exception(unavailable)
        except Exception as failed:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            if len(group) == 1:
                group[0][1].set_exception(failed)
                return
            for member in group:
                self._settle([member])
        else:
            for (_, outcome), result in zip(group, results, strict=True):
                outcome.set_result(result)
