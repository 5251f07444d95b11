"""Engines for the three families of databases, each set so that they behave alike."""

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_MS = 10_000
EMPTYING_TIMEOUT_MS = 200
POOL_SIZE = 10
"""Without overflow: whoever finds all in use waits for one. What goes beyond the size would be connected anew and
closed again for each use, and connecting costs more than everything else in a request."""
CONNECT_TIMEOUT_S = 5

_POOL: dict[str, Any] = {"pool_size": POOL_SIZE, "max_overflow": 0, "pool_use_lifo": True, "pool_recycle": 1800}

DRIVERS = ("sqlite", "mysql+pymysql", "postgresql+psycopg")


class DatabaseUrlInvalid(ValueError):
    """The URL names no database that Signet runs on."""


def parse_url(text: str) -> URL:
    """Read a database URL. Raises DatabaseUrlInvalid, without showing the URL, which may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise DatabaseUrlInvalid("not a database URL") from None
    if url.drivername not in DRIVERS:
        raise DatabaseUrlInvalid(f"database URL starts with {url.drivername}; one of {', '.join(DRIVERS)} is needed")
    return url


def open_engine(text: str, *, cooperative: bool = False) -> Engine:
    """An engine for transactions that has not connected yet; `cooperative` for processes under gevent."""
    url = parse_url(text)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    return _server(url, cooperative, isolation_level="READ COMMITTED")


def open_reader(text: str, engine: Engine, *, cooperative: bool = False) -> Engine:
    """An engine for reads beside `engine`: on servers with connections of its own, which stay in AUTOCOMMIT.

    Switching one connection back and forth would cost a round trip at every read.
    """
    if engine.dialect.name == "sqlite":
        return engine
    return _server(parse_url(text), cooperative, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)


def empty_sqlite_log(engine: Engine) -> None:
    """Checkpoint and truncate the log unless somebody reads; nobody can write while this waits, so it is a moment."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {EMPTYING_TIMEOUT_MS}")
        try:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _sqlite(url: URL) -> Engine:
    # AUTOCOMMIT keeps the driver from opening transactions by itself: reads need none, writes say BEGIN IMMEDIATE.
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: an acknowledged change survives a power failure, not only the end of the process.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def _server(url: URL, cooperative: bool, **options: Any) -> Engine:
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S}
    if url.get_backend_name() == "mysql":
        arguments |= {"charset": "utf8mb4", "init_command": "SET SESSION sql_mode='TRADITIONAL', time_zone='+00:00'"}
    else:
        arguments |= {"options": "-c timezone=utc"}
    # Under gevent, `HeldConnections` does what the pool would.
    options |= {"poolclass": NullPool} if cooperative else _POOL
    engine = create_engine(url, connect_args=arguments, **options)
    if cooperative and engine.dialect.name == "postgresql":
        _wait_in_the_loop(engine)
    return engine


def _wait_in_the_loop(engine: Engine) -> None:
    # Imported here, so that processes without gevent or on another engine never load it.
    from signet_common.sql.cooperative import CooperativeConnection

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, positional: Any, named: Any) -> Any:
        return CooperativeConnection.connect(*positional, **named)
