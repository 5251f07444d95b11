"""A durable consumer of the embedded bus: a committed offset, and what was handed out beyond it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from signet_common.messaging.embedded_file import BusFile
from signet_common.messaging.event import Delivery
from signet_common.messaging.topics import Topics

_PRUNE_LEAST, _PRUNE_MOST = 500, 1_000  # positions that one pruning removes: seldom, and never much at once
_SKIPPED_KEPT_IN_MEMORY = 1_000  # an offset is written for events that no binding wants only this often


class Position(NamedTuple):
    """Where a delivery stands. Positions of an earlier opening of the file settle nothing: they come again."""

    generation: int
    position: int


def register(connection: sqlite3.Connection, consumer: str) -> None:
    """Make a consumer known, at the beginning of what is stored; from now on nothing it has not settled is pruned."""
    connection.execute(
        "INSERT INTO offsets SELECT ?, position FROM pruning WHERE true ON CONFLICT (consumer) DO NOTHING", (consumer,)
    )


class EmbeddedConsumer:
    """Reads in order of commit. Two processes of one name both get everything: run one, the inbox drops the doubles."""

    def __init__(self, file: BusFile, name: str, bindings: Sequence[str], retained: int) -> None:
        self._file, self._name, self._retained = file, name, retained
        self._topics = Topics(bindings)
        self._generation = 0
        self._scanned = 0
        self._stored = 0
        self._outstanding: dict[int, None] = {}

    def receive(self, limit: int, timeout: float) -> list[Delivery]:
        deadline = time.monotonic() + timeout
        while True:
            version = self._file.version()
            self._resume()
            deliveries, exhausted = self._scan(limit)
            if deliveries:
                return deliveries
            if not self._outstanding and self._scanned - self._stored >= _SKIPPED_KEPT_IN_MEMORY:
                self._settle({})
            if exhausted and not self._file.wait_for_change(version, deadline):
                return []

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        remaining = self._without(deliveries)
        if len(remaining) != len(self._outstanding):
            self._settle(remaining)

    def dead_letter(self, delivery: Delivery, reason: str) -> None:
        remaining = self._without([delivery])
        if len(remaining) != len(self._outstanding):
            self._settle(remaining, (delivery.position.position, reason))

    def close(self) -> None:
        self._file.close()

    def _resume(self) -> None:
        """After the file was opened, or opened again, go on behind what is committed there."""
        if self._file.connect() == self._generation:
            return
        with self._file.write() as connection:
            register(connection, self._name)
            query = "SELECT position FROM offsets WHERE consumer = ?"
            self._stored = self._scanned = connection.execute(query, (self._name,)).fetchone()[0]
        self._outstanding = {}
        self._generation = self._file.generation

    def _scan(self, limit: int) -> tuple[list[Delivery], bool]:
        query = "SELECT position, routing_key, body FROM events WHERE position > ? ORDER BY position LIMIT ?"
        rows = self._file.query(query, (self._scanned, limit))
        deliveries = [
            Delivery(key, body, Position(self._generation, position))
            for position, key, body in rows
            if self._topics.match(key)
        ]
        self._outstanding.update((delivery.position.position, None) for delivery in deliveries)
        if rows:
            self._scanned = rows[-1][0]
        return deliveries, len(rows) < limit

    def _without(self, deliveries: Sequence[Delivery]) -> dict[int, None]:
        if self._file.connect() != self._generation:
            return self._outstanding
        settled = {d.position.position for d in deliveries if d.position.generation == self._generation}
        return {position: None for position in self._outstanding if position not in settled}

    def _settle(self, remaining: dict[int, None], dead: tuple[int, str] | None = None) -> None:
        offset = next(iter(remaining)) - 1 if remaining else self._scanned
        with self._file.write() as connection:
            if dead is not None:
                _bury(connection, self._name, *dead)
            advance = "UPDATE offsets SET position = max(position, ?) WHERE consumer = ?"
            connection.execute(advance, (offset, self._name))
            _prune(connection, self._retained)
        self._outstanding, self._stored = remaining, offset


def _bury(connection: sqlite3.Connection, consumer: str, position: int, reason: str) -> None:
    connection.execute(
        "INSERT INTO dead_letters (consumer, position, event_id, routing_key, body, reason, dead_at)"
        " SELECT ?, position, event_id, routing_key, body, ?, ? FROM events WHERE position = ?"
        " ON CONFLICT (consumer, event_id) DO NOTHING",
        (consumer, reason, datetime.now(UTC).isoformat(), position),
    )


def _prune(connection: sqlite3.Connection, retained: int) -> None:
    """Remove a bounded stretch that every registered consumer has settled, leaving the newest for tails."""
    (pruned,) = connection.execute("SELECT position FROM pruning").fetchone()
    (settled,) = connection.execute("SELECT min(position) FROM offsets").fetchone()
    (newest,) = connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
    through = min(settled, newest - retained, pruned + _PRUNE_MOST)
    if through - pruned >= min(_PRUNE_LEAST, retained):
        connection.execute("DELETE FROM events WHERE position <= ?", (through,))
        connection.execute("UPDATE pruning SET position = ?", (through,))
