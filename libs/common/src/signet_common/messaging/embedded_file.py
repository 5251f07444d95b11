"""The SQLite file that is the embedded bus, and one connection to it.

`events.position` grows with every commit, because SQLite has one writer at a time: whoever has read up to a position
has seen everything before it. Someone may replace the file while we run; each use makes sure that the path still leads
to the file that is open, for what is written into an unlinked file is lost.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from signet_common.messaging.ports import BusUnavailable

SCHEMA_VERSION = 2
"""2: commands. Whatever is missing in a file of an older version is added when it is opened."""
BUSY_SECONDS = 5.0
POLL_SECONDS = 0.01
IDLE_POLL_SECONDS = 0.05
"""A waiting reader asks for `data_version` after 10 ms, and while nothing happens after up to 50 ms."""

_WAL_BYTES_KEPT = 16 * 1024 * 1024
_EMPTYING_MILLISECONDS = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    routing_key TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS offsets (consumer TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    dead_letter_id INTEGER PRIMARY KEY,
    consumer TEXT NOT NULL,
    position INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    body BLOB NOT NULL,
    reason TEXT NOT NULL,
    dead_at TEXT NOT NULL,
    UNIQUE (consumer, event_id)
);
CREATE TABLE IF NOT EXISTS commands (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    command_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    expires_at REAL NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS pruning (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL);
INSERT OR IGNORE INTO pruning VALUES (1, 0);
"""


class BusFile:
    """One connection, opened when needed and reopened after an error. `generation` counts the openings.

    With `secure_delete` SQLite overwrites what this connection deletes, so that no secret lies in a page that is free.
    """

    def __init__(self, path: Path, *, secure_delete: bool = False) -> None:
        self._path = path
        self._secure_delete = secure_delete
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self.generation = 0

    def connect(self) -> int:
        """Make sure that the file behind the path is open; return the generation. BusUnavailable if it cannot be."""
        with self._translated():
            if self._connection is not None and self._identity_of_path() != self._identity:
                self.close()
            if self._connection is None:
                self._open()
        return self.generation

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, which is a transaction of its own."""
        self.connect()
        with self._translated():
            return self._opened().execute(sql, parameters).fetchall()

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run one durable transaction. After any SQLite error the connection is given up: BusUnavailable."""
        self.connect()
        with self._translated():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def empty_log(self) -> bool:
        """Put what is committed into its place and empty the log, which holds pages as they were before.

        Whether it was done: who reads or writes at that moment is waited for no longer than a fifth of a second, and
        nobody waits longer for this.
        """
        self.connect()
        with self._translated():
            connection = self._opened()
            connection.execute(f"PRAGMA busy_timeout = {_EMPTYING_MILLISECONDS}")
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        return not busy

    def version(self) -> int:
        """Return a number that changes when another connection has committed."""
        return int(self.query("PRAGMA data_version")[0][0])

    def wait_for_change(self, version: int, deadline: float, pause: float = POLL_SECONDS) -> bool:
        """Sleep until `version()` differs (True) or the monotonic deadline passes.

        Look first after `pause` seconds, then ever later, up to IDLE_POLL_SECONDS; never sooner than after `pause`.
        """
        while (remaining := deadline - time.monotonic()) > 0:
            time.sleep(min(pause, remaining))
            if self.version() != version:
                return True
            pause = max(pause, min(pause * 2, IDLE_POLL_SECONDS))
        return False

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise BusUnavailable("the embedded bus is closed")
        return self._connection

    def _open(self) -> None:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        try:
            _prepare(connection)
            if self._secure_delete:
                connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        self._connection, self._identity = connection, self._identity_of_path()
        self.generation += 1

    def _identity_of_path(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return (0, 0)
        return (status.st_dev, status.st_ino)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise BusUnavailable(f"the embedded bus {self._path}: {error}") from error


def _prepare(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:  # changing the journal mode does not wait for other openers of a new file, whatever the busy timeout says
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"it was written by a newer version ({found} > {SCHEMA_VERSION})")
    if found < SCHEMA_VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
