"""The files inside one transaction."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.key_erasure import erase_keys
from signet_files.adapters.outbound.quotas import SqlQuotas, give_room_back, take_room
from signet_files.adapters.outbound.tables import FILES
from signet_files.application.ports import Received
from signet_files.domain.errors import FileNotFound, UploadLost, VersionMismatch
from signet_files.domain.files import ACTIVE, AT_ONCE, CONDEMNED, DELETED, UPLOADING, File

FILE_COLUMNS = tuple(FILES.c[field.name] for field in fields(File))
_IDENTITY = {"file_id", "created_at", "created_by"}
_WRITTEN = tuple(field.name for field in fields(File) if field.name not in _IDENTITY)
"""All that a change could alter; what it has not altered is written as it was."""


class SqlFiles:
    """Fulfils the port `Files`. `quota` is what a user may store without a limit of their own."""

    def __init__(self, connection: Connection, quota: int) -> None:
        self._connection = connection
        self._quota = quota

    def get(self, file_id: int, *, owner: int | None) -> File:
        """Read and lock the row, so that what is decided on it still holds when it is written."""
        return self._locked(file_id, owner, FILES.c.file_state == ACTIVE)

    def get_deleted(self, file_id: int, *, owner: int | None, at: datetime) -> File:
        """Read and lock the row, so that whoever collects what is due comes before or after."""
        return self._locked(file_id, owner, (FILES.c.file_state == DELETED) & (FILES.c.due_at > at))

    def _locked(self, file_id: int, owner: int | None, condition: ColumnElement[bool]) -> File:
        wanted = select(*FILE_COLUMNS).where(FILES.c.file_id == file_id, condition)
        if owner is not None:
            wanted = wanted.where(FILES.c.created_by == owner)
        row = self._connection.execute(wanted.with_for_update()).first()
        if row is None:
            raise FileNotFound(f"there is no file {file_id}")
        return File(*tuple(row))

    def finish(self, file_id: int, received: Received, *, at: datetime) -> File:
        """The one statement after which the file is there, unless the upload was given up."""
        self._settle_room(file_id, received.size)
        uploading = update(FILES).where(FILES.c.file_id == file_id, FILES.c.file_state == UPLOADING)
        values = {
            "file_state": ACTIVE,
            "media_type": received.media_type,
            "size": received.size,
            "sha256": received.sha256,
            "room_taken": received.size,
            "due_at": None,
            "version": 1,
            "updated_at": at,
        }
        if not self._connection.execute(uploading.values(**values)).rowcount:
            raise UploadLost
        return self.get(file_id, owner=None)

    def _settle_room(self, file_id: int, size: int) -> None:
        """What was taken ahead and is not needed is given back; what is missing is taken."""
        uploading = select(FILES.c.created_by, FILES.c.room_taken).where(FILES.c.file_id == file_id)
        row = self._connection.execute(uploading.with_for_update()).first()
        if row is None or row.room_taken == size:
            return
        if row.room_taken > size:
            give_room_back(self._connection, row.created_by, row.room_taken - size)
        else:
            take_room(self._connection, row.created_by, size - row.room_taken, self._quota)

    def save(self, file: File) -> None:
        """Write over the version before; a row that is not at it any more is somebody else's change."""
        before = update(FILES).where(FILES.c.file_id == file.file_id, FILES.c.version == file.version - 1)
        if not self._connection.execute(before.values(**{name: getattr(file, name) for name in _WRITTEN})).rowcount:
            raise VersionMismatch(f"file {file.file_id} has changed meanwhile")

    def condemn(self, file: File) -> None:
        """The keys go now; blobs and rows are left to whoever collects orphans."""
        erase_keys(self._connection, [file.file_id])
        condemned = update(FILES).where(FILES.c.file_id == file.file_id)
        self._connection.execute(condemned.values(file_state=CONDEMNED, due_at=AT_ONCE))


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """Fulfils the port `Transaction` for one caller."""

    files: SqlFiles
    quotas: SqlQuotas
    connection: Connection
    caller: Passport
    events: EventMap

    def record(self, change: Change) -> None:
        """Put the event into the outbox, in this transaction."""
        self.events.add(self.connection, change, self.caller)
