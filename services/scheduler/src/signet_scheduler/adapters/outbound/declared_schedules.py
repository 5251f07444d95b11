"""Declared schedules as rows."""

import json
import logging
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.stored_rows import inserted_id
from signet_scheduler.adapters.outbound.tables import SCHEDULES
from signet_scheduler.application.seed_schedules import DeclaredRow

_LOGGER = logging.getLogger(__name__)

_TOLD = ("schedule_name", "job_name", "cron", "time_zone", "schedule_state")


class SqlDeclaredSchedules:
    """Fulfils the port `DeclaredSchedules`. What is made is told in the name of `keeper`."""

    def __init__(self, database: Database, events: EventMap, keeper: Passport) -> None:
        self._database = database
        self._events = events
        self._keeper = keeper

    def add_missing(self, rows: Iterable[DeclaredRow], at: datetime) -> int:
        """Each in a transaction of its own: of two processes at once the unique name lets one through."""
        there = self._there()
        missing = [row for row in rows if row.job_name not in there]
        made = sum(self._add(row, at) for row in missing)
        there = self._there() if made < len(missing) else {row.job_name for row in missing}
        for row in missing:
            if row.job_name not in there:
                _LOGGER.warning("the declared schedule of %s is not made: another one has its name", row.job_name)
        return made

    def _there(self) -> set[str]:
        declared = select(SCHEDULES.c.job_name).where(SCHEDULES.c.declared)
        return set(self._database.read(lambda connection: connection.scalars(declared).all()))

    def _add(self, row: DeclaredRow, at: datetime) -> bool:
        values = {
            "schedule_name": row.job_name,
            "job_name": row.job_name,
            "cron": row.cron,
            "time_zone": row.time_zone,
            "arguments": row.arguments,
            "schedule_state": "active",
            "declared": True,
            "next_at": row.next_at,
            "created_at": at,
            "updated_at": at,
            "version": 1,
        }

        def work(connection: Connection) -> None:
            schedule_id = inserted_id(connection, SCHEDULES, values)
            changes = {name: (None, values[name]) for name in _TOLD} | {"arguments": (None, json.loads(row.arguments))}
            self._events.add(connection, Change("schedule", "insert", str(schedule_id), 1, changes), self._keeper)

        try:
            self._database.write(work)
        except IntegrityError:
            # Another process was first, or somebody has given the name to a schedule of their own.
            return False
        return True
