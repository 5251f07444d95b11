"""A private MariaDB whose databases are made on demand, one per test."""

import itertools
import os
import pwd
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pymysql
from pymysql.cursors import Cursor

from signet_testing.free_ports import LOOPBACK
from signet_testing.packages import MARIADB
from signet_testing.server import Server

USER = "signet"
NO_SUCH_THREAD = 1094


class MariaDbServer(Server):
    """`durable=False` lets a commit return before the disk has it: faster, and it still survives a killed process."""

    name = "mariadb"

    def __init__(self, *, durable: bool = True) -> None:
        super().__init__()
        self._durable = durable
        self._password = secrets.token_hex(16)
        self._numbers = itertools.count(1)

    def create_database(self) -> str:
        """Make an empty database; returns its SQLAlchemy URL (mysql+pymysql)."""
        name = f"test_{next(self._numbers)}"
        with self._cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mysql+pymysql://{USER}:{self._password}@{LOOPBACK}:{self.port}/{name}?charset=utf8mb4"

    def drop_database(self, url: str) -> None:
        """Drop a database of `create_database`, ending the connections that still use it."""
        name = url.rsplit("/", 1)[-1].split("?", 1)[0]
        with self._cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
            for (connection,) in cursor.fetchall():
                _end_connection(cursor, connection)
            cursor.execute(f"DROP DATABASE {name}")

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        with (
            pymysql.connect(
                host=LOOPBACK, port=self.port, user=USER, password=self._password, autocommit=True, connect_timeout=5
            ) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor

    def _prepare(self) -> None:
        self._run(
            str(MARIADB.find("mariadb-install-db")),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            f"--user={_account()}",
        )
        self._write_private(
            "users.sql",
            f"CREATE USER IF NOT EXISTS '{USER}'@'{LOOPBACK}' IDENTIFIED BY '{self._password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'{LOOPBACK}' WITH GRANT OPTION;\n"
            f"DROP USER IF EXISTS 'root'@'{LOOPBACK}';\n",
        )

    def _command(self) -> Sequence[str]:
        return [
            str(MARIADB.find("mariadbd")),
            "--no-defaults",
            f"--user={_account()}",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'mariadb.sock'}",
            f"--pid-file={self.folder / 'mariadb.pid'}",
            f"--init-file={self.folder / 'users.sql'}",
            f"--bind-address={LOOPBACK}",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            "--max-connections=300",
            "--performance-schema=OFF",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=48M",
            f"--innodb-flush-log-at-trx-commit={1 if self._durable else 2}",
        ]

    def _ready(self) -> bool:
        try:
            with self._cursor() as cursor:
                cursor.execute("SELECT 1")
        except pymysql.MySQLError:
            return False
        return True


def _end_connection(cursor: Cursor, connection: int) -> None:
    """Some end by themselves between being listed and being killed."""
    try:
        cursor.execute(f"KILL {connection}")
    except pymysql.MySQLError as problem:
        if problem.args[0] != NO_SUCH_THREAD:
            raise


def _account() -> str:
    """The server refuses root unless it is named."""
    return pwd.getpwuid(os.geteuid()).pw_name
