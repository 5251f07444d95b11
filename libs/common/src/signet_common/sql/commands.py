"""Commands on their way to the bus: written with the change that asks for them, erased once the bus has them.

Pattern: transactional outbox, whose rows do not stay: a body may hold a secret, and no row outlives its confirmation,
nor for long the time at which its command is over.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Column, Connection, Delete, MetaData, String, Table, bindparam, delete, exists, select

from signet_common.sql.added_rows import add_later
from signet_common.sql.columns import LongText, UtcDateTime
from signet_common.sql.database import Database
from signet_common.sql.leases import Leases

CommandT = TypeVar("CommandT")

POLL_SECONDS = 0.25
LEASE_NAME = "command_relay"


class CommandEntry(Protocol):
    """A command as it waits: what to do, until when it is of use, and what it takes."""

    @property
    def command_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def expires_at(self) -> datetime: ...
    @property
    def body(self) -> bytes: ...


def commands_table(metadata: MetaData) -> Table:
    """Declare the waiting commands of one service."""
    return Table(
        "commands",
        metadata,
        Column("command_id", String(36), primary_key=True, comment="time-ordered UUID of the command"),
        Column("name", String(64), nullable=False, comment="what to do, as mail.send"),
        Column("body", LongText, nullable=False, comment="JSON of what it takes to do it"),
        Column("expires_at", UtcDateTime, nullable=False, comment="when it is of no use any more, and goes unsent"),
        Column("created_at", UtcDateTime, nullable=False, comment="when the command was written"),
        comment="commands that the bus has not confirmed yet",
    )


class CommandOutbox:
    """Adds commands to the transaction of the change that asks for them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, connection: Connection, entry: CommandEntry) -> None:
        """Write `entry` with the change, or not at all."""
        row = {
            "command_id": entry.command_id,
            "name": entry.name,
            "body": entry.body.decode(),
            "expires_at": entry.expires_at,
            "created_at": datetime.now(UTC),
        }
        add_later(connection, self._table, row)


class CommandOutboxReader(Generic[CommandT]):
    """The relay's side. `make_command` builds what the bus takes from (command id, name, expires_at, body)."""

    def __init__(
        self,
        database: Database,
        table: Table,
        leases: Leases,
        make_command: Callable[[str, str, datetime, bytes], CommandT],
    ) -> None:
        self._database = database
        self._leases = leases
        self._make_command = make_command
        row = table.c
        now = bindparam("now", type_=row.expires_at.type)
        self._pending = (
            select(row.command_id, row.name, row.expires_at, row.body)
            .where(row.expires_at > now)
            .order_by(row.command_id)
            .limit(bindparam("most"))
        )
        self._any = select(exists().where(row.command_id != ""))
        self._any_over = select(exists().where(row.expires_at <= now))
        self._erase_over = delete(table).where(row.expires_at <= now)
        self._erase = delete(table).where(row.command_id.in_(bindparam("ids", expanding=True)))

    def hold_lease(self, holder: str) -> bool:
        """Whether `holder` may relay commands now: two relays would send everything twice."""
        return self._leases.hold(LEASE_NAME, holder)

    def pending(self, limit: int) -> list[CommandT]:
        """At most `limit` commands that wait, oldest first. Those that are over are erased."""
        now = datetime.now(UTC)
        if self._database.read(lambda connection: connection.scalar(self._any_over, {"now": now})):
            self._run(self._erase_over, {"now": now})
        rows = self._database.read(
            lambda connection: connection.execute(self._pending, {"now": now, "most": limit}).all()
        )
        return [
            self._make_command(command_id, name, expires_at, body.encode())
            for command_id, name, expires_at, body in rows
        ]

    def mark_sent(self, command_ids: Iterable[str]) -> None:
        """Erase what the bus has confirmed."""
        sent = list(command_ids)
        if sent:
            self._run(self._erase, {"ids": sent})

    def wait(self, timeout: float) -> None:
        """Sleep until something waits, at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self._database.read(lambda connection: connection.scalar(self._any)):
            if time.monotonic() >= deadline:
                return
            time.sleep(POLL_SECONDS)

    def _run(self, erasing: Delete, parameters: Mapping[str, object]) -> None:
        def erase(connection: Connection) -> None:
            if connection.dialect.name == "sqlite":
                # Overwrite what is deleted; without it a secret would lie in a free page until that is used again.
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            connection.execute(erasing, parameters)

        self._database.write(erase)
