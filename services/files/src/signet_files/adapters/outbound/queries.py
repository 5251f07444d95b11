"""Reads of files, outside any transaction."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_common.sql.database import Database
from signet_common.sql.driver import PreparedSelect
from signet_common.sql.paging import Page, PagedStatement, PageRequest, contains, day_end, day_start
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.repository import FILE_COLUMNS
from signet_files.adapters.outbound.tables import FILES
from signet_files.application.queries import FileFilter
from signet_files.domain.errors import FileNotFound
from signet_files.domain.files import VISIBLE, File

# Not `in_`: its parameters are only expanded when a statement runs, which a prepared one has behind it.
_VISIBLE = or_(*(FILES.c.file_state == state for state in VISIBLE))
_ONE = PreparedSelect(select(*FILE_COLUMNS).where(FILES.c.file_id == bindparam("file_id"), _VISIBLE))

_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "contains": contains(FILES.c.file_name, bindparam("contains")),
    "media_type": FILES.c.media_type == bindparam("media_type"),
    "state": FILES.c.file_state == bindparam("state"),
    "size_min": FILES.c.size >= bindparam("size_min"),
    "size_max": FILES.c.size <= bindparam("size_max"),
    "created_from": FILES.c.created_at >= bindparam("created_from"),
    "created_before": FILES.c.created_at < bindparam("created_before"),
    "created_by": FILES.c.created_by == bindparam("created_by"),
    "owner": FILES.c.created_by == bindparam("owner"),
}


class SqlFileQueries:
    """Implements `queries.FileQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get(self, file_id: int, caller: Passport, *, record: bool) -> File:
        """Read one row by its id."""
        rows = self._database.read(lambda connection: _ONE.rows(connection, {"file_id": file_id}))
        file = File(*rows[0]) if rows else None
        owner = owner_filter(caller)
        if file is None or (owner is not None and file.created_by != owner):
            raise FileNotFound(f"there is no file {file_id}")
        if record:
            self._events.append(self._database, Change("file", "query", str(file_id)), caller)
        return file

    def search(self, wanted: FileFilter, caller: Passport, *, record: bool) -> Page[File]:
        """Read one page in the order of ids."""
        narrowed = _parameters(wanted, owner_filter(caller))
        listing, request = _listing(frozenset(narrowed)), PageRequest(wanted.page, wanted.per_page, wanted.count)
        page = self._database.read(lambda connection: listing.fetch(connection, request, File, narrowed))
        if record:
            self._events.append(self._database, Change("file", "query"), caller)
        return page


def _parameters(wanted: FileFilter, owner: int | None) -> dict[str, Any]:
    """The values of the conditions that narrow this list, by the names in `_CONDITIONS`."""
    narrowed = {
        "contains": wanted.contains,
        "media_type": wanted.media_type,
        "state": wanted.state,
        "size_min": wanted.size_min,
        "size_max": wanted.size_max,
        "created_from": wanted.created_from and day_start(wanted.created_from),
        "created_before": wanted.created_to and day_end(wanted.created_to),
        "created_by": wanted.created_by,
        "owner": owner,
    }
    return {name: value for name, value in narrowed.items() if value is not None}


@cache
def _listing(names: frozenset[str]) -> PagedStatement:
    """The list narrowed by these conditions; there are 256 at most."""
    conditions = [_CONDITIONS[name] for name in sorted(names)]
    return PagedStatement(select(*FILE_COLUMNS).where(*conditions).order_by(FILES.c.file_id))
