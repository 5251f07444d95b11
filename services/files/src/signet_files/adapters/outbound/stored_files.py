"""Finds the content of a file: one row of two tables, and the key."""

from typing import Any

from sqlalchemy import Select, bindparam, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_common.sql.columns import BigId
from signet_common.sql.database import Database
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.repository import FILE_COLUMNS
from signet_files.adapters.outbound.tables import BLOBS, FILES
from signet_files.application.read_file import Reading, Stored
from signet_files.domain.contents import Content
from signet_files.domain.errors import FileNotFound
from signet_files.domain.files import ACTIVE, VISIBLE, File

_BLOB_COLUMNS = (BLOBS.c.blob_id, BLOBS.c.content_version, BLOBS.c.blob_name, BLOBS.c.data_key)


def _content_of_one(*states: str) -> Select[Any]:
    return (
        select(*FILE_COLUMNS, *_BLOB_COLUMNS)
        .join_from(FILES, BLOBS)
        .where(FILES.c.file_id == bindparam("file_id", type_=BigId), FILES.c.file_state.in_(states))
        .order_by(BLOBS.c.content_version.desc())
        .limit(1)
    )


_ACTIVE, _VISIBLE = _content_of_one(ACTIVE), _content_of_one(*VISIBLE)


class SqlStoredFiles:
    """Fulfils the port `StoredFiles`."""

    def __init__(self, database: Database, keys: DataKeys, events: EventMap) -> None:
        self._database = database
        self._keys = keys
        self._events = events

    def find(self, file_id: int, caller: Passport, *, deleted: bool = False) -> Stored:
        """The newest content of the file."""
        owner = owner_filter(caller)
        wanted = _VISIBLE if deleted else _ACTIVE
        if owner is not None:
            wanted = wanted.where(FILES.c.created_by == owner)
        row = self._database.read(lambda connection: connection.execute(wanted, {"file_id": file_id}).first())
        if row is None:
            raise FileNotFound(f"there is no file {file_id}")
        blob_id, content_version, blob_name, data_key = row[len(FILE_COLUMNS) :]
        file = File(*row[: len(FILE_COLUMNS)])
        return Stored(
            file, Content(file_id, content_version, file.size), blob_name, self._keys.unwrap(blob_id, data_key)
        )

    def record(self, file_id: int, caller: Passport, operation: Reading) -> None:
        """Commit the event in a group."""
        self._events.append(self._database, Change("file", operation, str(file_id)), caller)
