"""Uploads before they are files."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from signet_common.sql.database import Database, DatabaseUnavailable
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.quotas import room_of
from signet_files.adapters.outbound.tables import BLOBS, FILES
from signet_files.application.ports import Upload
from signet_files.domain.errors import UploadLost
from signet_files.domain.files import AT_ONCE, CONDEMNED, SILENCE, UPLOADING

FIRST_CONTENT = 1


class SqlUploads:
    """Fulfils the port `Uploads`. `quota` is what a user may store without a limit of their own."""

    def __init__(self, database: Database, keys: DataKeys, quota: int) -> None:
        self._database = database
        self._keys = keys
        self._quota = quota

    def room(self, user_id: int | None) -> int:
        """What is left of the quota by what is committed; `finish` asks again."""
        return self._database.read(lambda connection: room_of(connection, user_id, self._quota))

    def begin(self, file_name: str, blob_name: str, *, by: int | None, at: datetime) -> Upload:
        """Insert both rows; the key can only be bound to its row once that has an id."""

        def work(connection: Connection) -> Upload:
            file_id = _inserted(connection, FILES, _uploading(file_name, by, at))
            blob = {"file_id": file_id, "content_version": FIRST_CONTENT, "blob_name": blob_name}
            blob_id = _inserted(connection, BLOBS, blob)
            key, wrapped = self._keys.draw(blob_id)
            connection.execute(update(BLOBS).where(BLOBS.c.blob_id == blob_id).values(data_key=wrapped))
            return Upload(file_id, FIRST_CONTENT, blob_name, key)

        return self._database.write(work)

    def alive(self, file_id: int, at: datetime) -> None:
        """Put off when the upload is due. Raises UploadLost."""
        later = _still_uploading(file_id).values(due_at=at + SILENCE)
        if not self._database.write(lambda connection: connection.execute(later).rowcount):
            raise UploadLost("nothing was heard of this upload for too long")

    def give_up(self, file_id: int) -> bool:
        """Condemn the upload, now; a database that does not answer leaves it to the collector."""
        condemned = _still_uploading(file_id).values(file_state=CONDEMNED, due_at=AT_ONCE)
        try:
            return bool(self._database.write(lambda connection: connection.execute(condemned).rowcount))
        except DatabaseUnavailable:
            return False


def _still_uploading(file_id: int) -> Any:
    return update(FILES).where(FILES.c.file_id == file_id, FILES.c.file_state == UPLOADING)


def _uploading(file_name: str, by: int | None, at: datetime) -> dict[str, Any]:
    return {
        "file_name": file_name,
        "file_state": UPLOADING,
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
