"""Requests that share a transaction must not be able to tell: neither their failures nor their events may mix."""

from collections.abc import Callable, Iterator

import gevent
import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from signet_common.sql.added_rows import add_later
from signet_common.sql.database import Database

METADATA = MetaData()
THINGS = Table(
    "things", METADATA, Column("thing_id", Integer, primary_key=True), Column("thing_name", String(9), unique=True)
)
EVENTS = Table("events", METADATA, Column("event_name", String(9), primary_key=True))


@pytest.fixture(params=[True, False], ids=["grouped", "direct"])
def database(request: pytest.FixtureRequest, database_url: str) -> Iterator[Database]:
    database = Database.open(database_url, grouped=request.param)
    METADATA.create_all(database.engine)
    yield database
    database.close()


def add(name: str, event: str | None = None) -> Callable[[Connection], str]:
    """Add a thing and its event, as an intention does."""

    def work(connection: Connection) -> str:
        add_later(connection, EVENTS, {"event_name": event or name})
        connection.execute(insert(THINGS), {"thing_name": name})
        return name

    return work


def column(database: Database, table: Table, name: str) -> list[str]:
    return sorted(database.read(lambda connection: connection.scalars(select(table.c[name])).all()))


def at_once(database: Database, works: list[Callable[[Connection], str]]) -> list[gevent.Greenlet]:
    running = [gevent.spawn(database.write, work, adds_only=True) for work in works]
    gevent.joinall(running, timeout=30)
    return running


def test_each_caller_gets_its_own_result(database: Database) -> None:
    done = at_once(database, [add(f"n{number}") for number in range(9)])
    assert [greenlet.value for greenlet in done] == [f"n{number}" for number in range(9)]
    assert (
        column(database, THINGS, "thing_name")
        == column(database, EVENTS, "event_name")
        == sorted(f"n{number}" for number in range(9))
    )


def test_a_duplicate_costs_neither_its_neighbours_nor_leaves_an_event(database: Database) -> None:
    database.write(add("taken"))
    *good, bad = at_once(database, [add("a"), add("b"), add("taken", "lie")])
    assert isinstance(bad.exception, IntegrityError)
    assert [greenlet.value for greenlet in good] == ["a", "b"]
    assert column(database, EVENTS, "event_name") == ["a", "b", "taken"]


def test_an_event_that_cannot_be_stored_costs_only_its_own_change(database: Database) -> None:
    """Events are inserted for everybody at once, so one that the database refuses fails the statement of all."""
    database.write(add("first"))
    *good, bad = at_once(database, [add("a"), add("b"), add("c", "first")])
    assert isinstance(bad.exception, DBAPIError)
    assert [greenlet.value for greenlet in good] == ["a", "b"]
    assert column(database, THINGS, "thing_name") == ["a", "b", "first"]


@pytest.mark.servers
@pytest.mark.parametrize("server", ["mariadb", "postgresql"])
def test_a_text_that_is_too_long_is_refused_and_not_cut(request: pytest.FixtureRequest, server: str) -> None:
    """Casting to a type with a length cuts silently; an audit event must not lose its end that way."""
    database = Database.open(request.getfixturevalue(server).create_database(), grouped=True)
    METADATA.create_all(database.engine)
    with pytest.raises(DBAPIError):
        database.write(add("a", "x" * 10))
    assert column(database, THINGS, "thing_name") == []
    database.close()


def test_an_event_without_a_transaction_is_refused(database: Database) -> None:
    """On a connection that nobody will flush it would be lost without a word."""
    with pytest.raises(KeyError):
        database.read(lambda connection: add_later(connection, EVENTS, {"event_name": "lost"}))
