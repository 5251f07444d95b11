"""A tail of the embedded bus: a read cursor that starts now. It writes nothing, so pruning may overtake it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from signet_common.messaging.embedded_file import IDLE_POLL_SECONDS, BusFile
from signet_common.messaging.embedded_pulse import Pulses
from signet_common.messaging.event import Delivery
from signet_common.messaging.ports import BusUnavailable, TailLost
from signet_common.messaging.topics import Topics

_LIMIT = 500
_PULSE_POLL_SECONDS = 0.1
_NEWEST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0), position FROM pruning"


class EmbeddedTail:
    """One exclusive view. Once lost it stays lost."""

    def __init__(self, file: BusFile, bindings: Sequence[str], pulses: Pulses) -> None:
        self._file = file
        self._pulses = pulses
        self._topics = Topics(bindings)
        self._generation = file.connect()
        self._cursor = int(file.query(_NEWEST)[0][0])

    def receive(self, timeout: float) -> list[Delivery]:
        deadline = time.monotonic() + timeout
        try:
            while True:
                version, stamps = self._file.version(), self._pulses.stamps()
                deliveries, exhausted = self._scan()
                if exhausted:
                    deliveries += [Delivery(key, b"") for key in self._pulses.beaten(stamps)]
                if deliveries or (exhausted and not self._wait(version, deadline)):
                    return deliveries
        except BusUnavailable as error:
            self._generation = 0
            raise TailLost(str(error)) from error

    def close(self) -> None:
        self._file.close()

    def _wait(self, version: int, deadline: float) -> bool:
        """Sleep until there may be something to read; False once the deadline has passed.

        Under load the file changes all the time, and mostly with what no tail wants: look at leisure.
        """
        pulse_at = min(deadline, time.monotonic() + _PULSE_POLL_SECONDS)
        return self._file.wait_for_change(version, pulse_at, IDLE_POLL_SECONDS) or pulse_at < deadline

    def _scan(self) -> tuple[list[Delivery], bool]:
        query = "SELECT position, routing_key, body FROM events WHERE position > ? ORDER BY position LIMIT ?"
        rows = self._file.query(query, (self._cursor, _LIMIT))
        # Read after the rows: whatever was pruned before them is seen here, whatever comes later is seen next time.
        newest, pruned = self._file.query(_NEWEST)[0]
        if self._file.generation != self._generation or not pruned <= self._cursor <= newest:
            self._generation = 0
            raise TailLost("the embedded bus was pruned or replaced behind this tail")
        if rows:
            self._cursor = rows[-1][0]
        wanted = [Delivery(key, body, position) for position, key, body in rows if self._topics.match(key)]
        return wanted, len(rows) < _LIMIT
