"""Waiting for PostgreSQL under gevent: everybody else goes on, and nobody inherits a broken connection."""

from collections.abc import Iterator

import gevent
import pytest
from sqlalchemy import text

from signet_common.sql.database import Database
from signet_testing.postgresql import PostgreSqlServer


@pytest.fixture
def database(postgresql: PostgreSqlServer) -> Iterator[Database]:
    database = Database.open(postgresql.create_database(), grouped=True)
    # SQLAlchemy makes the first connection of an engine under a lock of threads, which only gevent's patches share
    # between greenlets; tests run unpatched.
    database.ping()
    yield database
    database.close()


def scalar(database: Database, sql: str) -> object:
    return database.read(lambda connection: connection.execute(text(sql)).scalar_one())


def test_slow_statements_run_side_by_side(database: Database) -> None:
    running, at_once = 0, []

    def sleep() -> object:
        nonlocal running
        running += 1
        at_once.append(running)
        try:
            return scalar(database, "SELECT 1 FROM pg_sleep(0.5)")
        finally:
            running -= 1

    sleeping = [gevent.spawn(sleep) for _ in range(5)]
    gevent.joinall(sleeping, timeout=20)
    assert [greenlet.value for greenlet in sleeping] == [1] * 5
    assert at_once == [1, 2, 3, 4, 5]


def test_an_answer_larger_than_any_buffer_arrives_whole(database: Database) -> None:
    assert scalar(database, "SELECT length(repeat('x', 20000000))") == 20_000_000
    answer = scalar(database, "SELECT repeat('x', 20000000)")
    assert isinstance(answer, str)
    assert len(answer) == 20_000_000


def test_a_statement_larger_than_any_buffer_is_sent_whole(database: Database) -> None:
    sent = "x" * 20_000_000
    length = database.read(lambda connection: connection.execute(text("SELECT length(:sent)"), {"sent": sent}).scalar())
    assert length == len(sent)


def test_who_gives_up_waiting_leaves_no_answer_for_the_next(database: Database) -> None:
    """The next to use that connection would read the answer to somebody else's question."""
    with gevent.Timeout(0.2, False):
        scalar(database, "SELECT 'stale' FROM pg_sleep(1)")
    assert [scalar(database, f"SELECT {number}") for number in range(3)] == [0, 1, 2]


def test_a_connection_that_the_server_ends_is_noticed_while_it_waits(database: Database) -> None:
    waiting = gevent.spawn(scalar, database, "SELECT 1 FROM pg_sleep(5)")
    sleeping = "FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)' AND state = 'active' AND pid <> pg_backend_pid()"
    while not (ended := scalar(database, f"SELECT count(pg_terminate_backend(pid)) {sleeping}")):
        gevent.sleep(0.05)
    assert ended == 1
    # It is a read: the statement runs again on a new connection.
    assert waiting.get(timeout=20) == 1
