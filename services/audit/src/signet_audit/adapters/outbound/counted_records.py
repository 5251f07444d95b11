"""The log, counted along the index on time: a few thousand records at a time, whatever there is of them."""

import json
from collections import Counter
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from signet_audit.adapters.outbound.event_map import EventMap
from signet_audit.adapters.outbound.tables import RECORDS
from signet_audit.domain.activity import REQUESTS_REFUSED, Kind, Position, Step
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database

ROWS = 1_000
"""Records in a step: on SQLite a few milliseconds, in which the process answers nobody else."""

_COLUMNS = RECORDS.c
_KIND = (_COLUMNS.service, _COLUMNS.resource, _COLUMNS.operation)
_ORDER = (_COLUMNS.time, _COLUMNS.record_id)


class SqlCountedRecords:
    """Implements `CountedRecords`."""

    def __init__(self, database: Database, events: EventMap, rows: int = ROWS) -> None:
        self._database = database
        self._events = events
        self._rows = rows

    def step(self, after: Position, before: datetime) -> Step | None:
        """Find where the step ends, then count up to there."""
        return self._database.read(lambda connection: _step(connection, after, before, self._rows))

    def record_read(self, caller: Passport) -> None:
        """Commit a query record."""
        self._events.append(self._database, Change("record", "query"), caller)


def _step(connection: Connection, after: Position, before: datetime, rows: int) -> Step | None:
    open_end = (*_past(after), _COLUMNS.time < before)
    positions = select(*_ORDER).where(*open_end).order_by(*_ORDER).limit(rows).subquery()
    newest = select(positions.c.time, positions.c.record_id).order_by(
        positions.c.time.desc(), positions.c.record_id.desc()
    )
    row = connection.execute(newest.limit(1)).first()
    if row is None:
        return None
    last = Position(row.time, row.record_id)
    within = (*_past(after), *_up_to(last))
    counted = select(*_KIND, _COLUMNS.user_id, func.max(_COLUMNS.user_name), func.count()).where(*within)
    events: Counter[Kind] = Counter()
    users: dict[int, tuple[str, int]] = {}
    for service, resource, operation, user_id, name, number in connection.execute(
        counted.group_by(*_KIND, _COLUMNS.user_id)
    ):
        events[Kind(service, resource, operation)] += number
        if user_id is not None:
            users[user_id] = (name, users.get(user_id, ("", 0))[1] + number)
    refused = _refused(connection, within) if events[REQUESTS_REFUSED] else 0
    return Step(+events, users, refused, last)


def _refused(connection: Connection, within: tuple[ColumnElement[bool], ...]) -> int:
    """How many requests the records about refused ones tell of."""
    kind = [column == name for column, name in zip(_KIND, REQUESTS_REFUSED, strict=True)]
    found = connection.scalars(select(_COLUMNS.changes).where(*within, *kind))
    return sum(_count(changes) for changes in found)


def _count(changes: str) -> int:
    """The field `count`, `[old, new]`; what says nothing of it counts as one."""
    told = json.loads(changes).get("count", [None, 1])
    number = told[1] if isinstance(told, list) and len(told) == 2 else 1
    return number if isinstance(number, int) else 1


def _past(position: Position) -> tuple[ColumnElement[bool], ...]:
    """Later than a position. The first condition is for the index, which the second alone would not use."""
    time, record_id = _ORDER
    return time >= position.time, or_(time > position.time, record_id > position.record_id)


def _up_to(position: Position) -> tuple[ColumnElement[bool], ...]:
    time, record_id = _ORDER
    same = and_(time == position.time, record_id <= position.record_id)
    return time <= position.time, or_(time < position.time, same)
