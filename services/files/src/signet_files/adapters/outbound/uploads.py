"""Uploads before they are files."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.sql.database import Database, DatabaseUnavailable
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.quotas import room_of, take_room
from signet_files.adapters.outbound.tables import BLOBS, FILES
from signet_files.application.ports import Upload
from signet_files.domain.errors import StorageUnavailable, UploadLost
from signet_files.domain.files import AT_ONCE, CONDEMNED, SILENCE, UPLOADING

FIRST_CONTENT = 1
TAKEN_AT_ONCE = 64 * 2**20
"""Bytes of room that an upload takes ahead which did not tell its length."""


class SqlUploads:
    """Fulfils the port `Uploads`. `quota` is what a user may store without a limit of their own."""

    def __init__(self, database: Database, keys: DataKeys, quota: int) -> None:
        self._database = database
        self._keys = keys
        self._quota = quota

    def begin(self, file_name: str, blob_name: str, *, length: int, by: int | None, at: datetime) -> Upload:
        """Insert both rows; the key can only be bound to its row once that has an id."""

        def work(connection: Connection) -> Upload:
            take_room(connection, by, length, self._quota)
            file_id = _inserted(connection, FILES, _uploading(file_name, length, by, at))
            blob = {"file_id": file_id, "content_version": FIRST_CONTENT, "blob_name": blob_name}
            try:
                blob_id = _inserted(connection, BLOBS, blob)
            except IntegrityError:
                raise StorageUnavailable("the store has given a name that is another blob's") from None
            key, wrapped = self._keys.draw(blob_id)
            connection.execute(update(BLOBS).where(BLOBS.c.blob_id == blob_id).values(data_key=wrapped))
            return Upload(file_id, FIRST_CONTENT, blob_name, key)

        return self._database.write(work)

    def take_room(self, file_id: int, size: int) -> int:
        """Take some more at once, as long as there is so much, so that a long body does not ask for each piece."""
        taken = select(FILES.c.created_by, FILES.c.room_taken).where(
            FILES.c.file_id == file_id, FILES.c.file_state == UPLOADING
        )

        def work(connection: Connection) -> int:
            row = connection.execute(taken.with_for_update()).first()
            if row is None:
                raise UploadLost
            missing = size - row.room_taken
            left = room_of(connection, row.created_by, self._quota)
            more = max(missing, min(left, missing + TAKEN_AT_ONCE))
            take_room(connection, row.created_by, more, self._quota)
            taken_now = update(FILES).where(FILES.c.file_id == file_id)
            connection.execute(taken_now.values(room_taken=row.room_taken + more))
            return int(row.room_taken + more)

        return self._database.write(work)

    def alive(self, file_id: int, at: datetime) -> None:
        """Put off when the upload is due. Raises UploadLost."""
        later = _still_uploading(file_id).values(due_at=at + SILENCE)
        if not self._database.write(lambda connection: connection.execute(later).rowcount):
            raise UploadLost

    def give_up(self, file_id: int) -> bool:
        """Condemn the upload, now; a database that does not answer leaves it to the collector."""
        condemned = _still_uploading(file_id).values(file_state=CONDEMNED, due_at=AT_ONCE)
        state = select(FILES.c.file_state).where(FILES.c.file_id == file_id)

        def work(connection: Connection) -> bool:
            # A collector that came first has condemned it, and perhaps has forgotten it by now.
            return bool(connection.execute(condemned).rowcount) or connection.scalar(state) in (None, CONDEMNED)

        try:
            return self._database.write(work)
        except DatabaseUnavailable:
            return False


def _still_uploading(file_id: int) -> Any:
    return update(FILES).where(FILES.c.file_id == file_id, FILES.c.file_state == UPLOADING)


def _uploading(file_name: str, length: int, by: int | None, at: datetime) -> dict[str, Any]:
    return {
        "file_name": file_name,
        "file_state": UPLOADING,
        "room_taken": length,
        "due_at": at + SILENCE,
        "version": 0,
        "created_at": at,
        "created_by": by,
        "updated_at": at,
        "updated_by": by,
    }


def _inserted(connection: Connection, table: Any, values: dict[str, Any]) -> int:
    key: Any = connection.execute(insert(table), values).inserted_primary_key
    return int(key[0])
