"""A private PostgreSQL whose databases are made on demand, one per test."""

import itertools
import os
import secrets
import signal
from collections.abc import Sequence

import psycopg

from signet_testing.free_ports import LOOPBACK
from signet_testing.packages import POSTGRESQL
from signet_testing.server import Server, unprivileged_account

USER = "signet"


class PostgreSqlServer(Server):
    """`durable=False` never waits for the disk: faster, and it still survives a killed process (not a power cut)."""

    name = "postgresql"
    stop_signal = signal.SIGINT  # "fast": ends the sessions instead of waiting for them

    def __init__(self, *, durable: bool = True) -> None:
        super().__init__()
        self._durable = durable
        self._password = secrets.token_hex(16)
        self._numbers = itertools.count(1)

    def create_database(self) -> str:
        """Make an empty database; returns its SQLAlchemy URL (postgresql+psycopg)."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{USER}:{self._password}@{LOOPBACK}:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Drop a database of `create_database`, ending the connections that still use it."""
        self._execute(f"DROP DATABASE {url.rsplit('/', 1)[-1]} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=USER,
            password=self._password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            connection.execute(statement.encode())

    def _prepare(self) -> None:
        initdb = POSTGRESQL.find("initdb")
        password_file = self._write_private("password", self._password)
        if account := unprivileged_account():
            for path in (self.folder, password_file):
                os.chown(path, account.pw_uid, account.pw_gid)
        self._run(
            *_as_unprivileged(),
            str(initdb),
            f"--pgdata={self.folder / 'data'}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )

    def _command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "shared_buffers": "64MB",
            "fsync": "on" if self._durable else "off",
        }
        options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        return [*_as_unprivileged(), str(POSTGRESQL.find("postgres")), "-D", str(self.folder / "data"), *options]

    def _ready(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def _as_unprivileged() -> list[str]:
    """PostgreSQL refuses root: give up its rights, its groups and the way back."""
    account = unprivileged_account()
    if account is None:
        return []
    return [
        "setpriv",
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        "--no-new-privs",
        "--",
    ]
