"""Commands on the embedded bus: rows that an acknowledgement deletes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from signet_common.messaging.command import Command, ReceivedCommand
from signet_common.messaging.embedded_consumer import Position
from signet_common.messaging.embedded_file import BusFile

POLL_SECONDS = 0.25
"""Nobody waits milliseconds for a mail, and each look costs a process at rest some 0.3 ms."""
EMPTYING_SECONDS = 60.0
"""How long at most, and a moment, the log of the file holds what an acknowledgement has deleted."""

_WAITING = (
    "SELECT position, command_id, name, body FROM commands WHERE position > ? AND expires_at > ?"
    " ORDER BY position LIMIT ?"
)


class EmbeddedCommandSender:
    """Writes a batch in one durable transaction."""

    def __init__(self, file: BusFile) -> None:
        self._file = file

    def publish(self, commands: Sequence[Command]) -> set[str]:
        """Store all or nothing. A command that waits already counts as confirmed and is not stored twice."""
        with self._file.write() as connection:
            _erase_what_is_over(connection)
            connection.executemany(
                "INSERT INTO commands (command_id, name, expires_at, body) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (command_id) DO NOTHING",
                [(c.command_id, c.name, c.expires_at.timestamp(), c.body) for c in commands],
            )
        return {command.command_id for command in commands}

    def close(self) -> None:
        self._file.close()


class EmbeddedCommandReceiver:
    """Reads in order of sending. Two at once would both get every command: run one.

    What it has deleted stands in the log of the file still, which it empties once a minute then, and when it begins,
    for whoever was here before.
    """

    def __init__(self, file: BusFile, emptying_seconds: float = EMPTYING_SECONDS) -> None:
        self._file = file
        self._generation = 0
        self._read = 0
        self._emptying_seconds = emptying_seconds
        self._deleted = True
        self._empty_at = 0.0

    def receive(self, limit: int, timeout: float) -> list[ReceivedCommand]:
        self._empty_log()
        deadline = time.monotonic() + timeout
        while True:
            version = self._file.version()
            self._resume()
            rows = self._file.query(_WAITING, (self._read, time.time(), limit))
            if rows:
                self._read = rows[-1][0]
                return [
                    ReceivedCommand(command_id, name, body, Position(self._generation, position))
                    for position, command_id, name, body in rows
                ]
            if not self._file.wait_for_change(version, deadline, POLL_SECONDS):
                return []

    def acknowledge(self, commands: Sequence[ReceivedCommand]) -> None:
        generation = self._file.connect()
        settled = [(c.position.position,) for c in commands if c.position.generation == generation]
        if settled:
            with self._file.write() as connection:
                _erase_what_is_over(connection)
                connection.executemany("DELETE FROM commands WHERE position = ?", settled)
            self._deleted = True

    def close(self) -> None:
        self._file.close()

    def _empty_log(self) -> None:
        if self._deleted and time.monotonic() >= self._empty_at:
            self._deleted = not self._file.empty_log()
            self._empty_at = time.monotonic() + self._emptying_seconds

    def _resume(self) -> None:
        """After the file was opened, or opened again, begin with the oldest that waits."""
        if self._file.connect() != self._generation:
            self._generation, self._read = self._file.generation, 0


def _erase_what_is_over(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM commands WHERE expires_at <= ?", (time.time(),))
