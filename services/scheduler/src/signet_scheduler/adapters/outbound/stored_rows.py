"""From rows to what the domain calls them, and back: columns in the order of each dataclass, JSON, ids."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Table, insert

from signet_scheduler.adapters.outbound.tables import ATTEMPTS, LOG_LINES, RUNS, SCHEDULES
from signet_scheduler.domain.runs import Attempt, LogLine, Run
from signet_scheduler.domain.schedules import Schedule

RUN_COLUMNS = tuple(RUNS.c[field.name] for field in fields(Run))
SCHEDULE_COLUMNS = tuple(SCHEDULES.c[field.name] for field in fields(Schedule))
ATTEMPT_COLUMNS = tuple(ATTEMPTS.c[field.name] for field in fields(Attempt))
LOG_LINE_COLUMNS = tuple(LOG_LINES.c[field.name] for field in fields(LogLine))

_RUN_JSON = tuple(place for place, field in enumerate(fields(Run)) if field.name in ("arguments", "result"))
_SCHEDULE_JSON = tuple(place for place, field in enumerate(fields(Schedule)) if field.name == "arguments")


def inserted_id(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert the row; the id that it got."""
    key: Any = connection.execute(insert(table), row).inserted_primary_key
    return int(key[0])


def run_of(*row: Any) -> Run:
    """A run from `RUN_COLUMNS`."""
    return Run(*_read(row, _RUN_JSON))


def schedule_of(*row: Any) -> Schedule:
    """A schedule from `SCHEDULE_COLUMNS`."""
    return Schedule(*_read(row, _SCHEDULE_JSON))


def as_text(document: Mapping[str, Any]) -> str:
    """A JSON object as the tables keep it: ASCII, so that no engine refuses a character."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def stored_object(text: str) -> dict[str, Any] | None:
    """A JSON object from how it is kept; None if somebody else than this service has written what is none."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _read(row: tuple[Any, ...], places: tuple[int, ...]) -> list[Any]:
    """What cannot be read is shown as it stands: one such row must not hide a page of others."""
    values = list(row)
    for place in places:
        if values[place] is not None:
            read = stored_object(values[place])
            values[place] = {"unreadable": values[place]} if read is None else read
    return values
