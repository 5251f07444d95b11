"""The outbox of commands, on every engine: written with the change, erased with the confirmation."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import MetaData, func, select

from signet_common.sql.commands import CommandOutbox, CommandOutboxReader, commands_table
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases, leases_table

METADATA = MetaData()
COMMANDS = commands_table(METADATA)
LEASES = leases_table(METADATA)


@dataclass(frozen=True)
class Entry:
    command_id: str
    name: str
    expires_at: datetime
    body: bytes


def entry(command_id: str, seconds: float = 600) -> Entry:
    return Entry(command_id, "mail.send", datetime.now(UTC) + timedelta(seconds=seconds), b'{"token": "s3cr3t"}')


@pytest.fixture(params=[True, False], ids=["grouped", "direct"])
def database(request: pytest.FixtureRequest, database_url: str) -> Iterator[Database]:
    database = Database.open(database_url, grouped=request.param)
    METADATA.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def reader(database: Database) -> CommandOutboxReader[Entry]:
    return CommandOutboxReader(database, COMMANDS, Leases(database, LEASES), Entry)


def add(database: Database, *entries: Entry) -> None:
    def work(connection) -> None:
        for one in entries:
            CommandOutbox(COMMANDS).add(connection, one)

    database.write(work)


def count(database: Database) -> int:
    return database.read(lambda connection: connection.scalar(select(func.count()).select_from(COMMANDS)))


def test_a_command_waits_until_it_is_confirmed_and_then_leaves_no_row(database, reader) -> None:
    """It may hold a secret: the database keeps it no longer than it must."""
    first, second, third = entry("1"), entry("2"), entry("3")
    add(database, second, first, third)
    assert reader.pending(2) == [first, second]
    reader.mark_sent(["1", "2"])
    assert reader.pending(5) == [third]
    assert count(database) == 1
    reader.mark_sent([])
    reader.mark_sent(["3"])
    assert reader.pending(5) == []
    assert count(database) == 0


def test_a_command_that_is_over_is_erased_unsent(database, reader) -> None:
    """The bus may be down for longer than its secret is good for."""
    lasting = entry("2")
    add(database, entry("1", seconds=-1), lasting)
    assert reader.pending(5) == [lasting]
    assert count(database) == 1


def test_a_change_that_fails_asks_for_nothing(database, reader) -> None:
    """Nobody may get a mail about what did not happen."""

    def work(connection) -> None:
        CommandOutbox(COMMANDS).add(connection, entry("1"))
        raise KeyError

    with pytest.raises(KeyError):
        database.write(work)
    assert reader.pending(5) == []


def test_one_process_relays_commands_and_another_may_relay_events(database, reader) -> None:
    """Two relays of commands would send everything twice; the events' lease is another."""
    other = CommandOutboxReader(database, COMMANDS, Leases(database, LEASES), Entry)
    assert Leases(database, LEASES).hold("relay", "events")
    assert reader.hold_lease("a")
    assert not other.hold_lease("b")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_of_an_erased_command_is_left_in_the_file(database, reader, database_url) -> None:
    """SQLite leaves deleted bytes in free pages unless it is told not to; other engines have their own ways."""
    add(database, entry("1"))
    reader.mark_sent(["1"])
    database.close()
    with Database.open(database_url, grouped=False).engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        file = Path(connection.engine.url.database)
    assert b"s3cr3t" not in file.read_bytes()
