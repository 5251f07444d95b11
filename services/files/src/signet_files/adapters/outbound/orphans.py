"""What nobody will ask for any more."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from signet_common.sql.database import Database
from signet_files.adapters.outbound.key_erasure import erase_keys
from signet_files.adapters.outbound.quotas import give_room_back
from signet_files.adapters.outbound.tables import BLOBS, FILES
from signet_files.application.ports import Condemned
from signet_files.domain.files import CONDEMNED


class SqlOrphans:
    """Fulfils the port `Orphans`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def condemn(self, at: datetime, limit: int) -> Sequence[Condemned]:
        """Lock what is due, so that no upload ends and no undelete comes in between, and erase its keys."""
        due = (
            select(FILES.c.file_id, FILES.c.size)
            .where(FILES.c.due_at < at)
            .order_by(FILES.c.due_at, FILES.c.file_id)
            .limit(limit)
            .with_for_update()
        )

        def work(connection: Connection) -> list[Condemned]:
            rows = connection.execute(due).all()
            ids = [row.file_id for row in rows]
            erase_keys(connection, ids)
            connection.execute(update(FILES).where(FILES.c.file_id.in_(ids)).values(file_state=CONDEMNED))
            names = _names(connection, ids)
            return [Condemned(row.file_id, row.size is not None, tuple(names[row.file_id])) for row in rows]

        return self._database.write(work)

    def forget(self, file_id: int) -> None:
        """Remove the rows; a second time there is nothing left to count back."""
        condemned = select(FILES.c.created_by, FILES.c.room_taken).where(
            FILES.c.file_id == file_id, FILES.c.file_state == CONDEMNED
        )

        def work(connection: Connection) -> None:
            row = connection.execute(condemned.with_for_update()).first()
            if row is None:
                return
            connection.execute(delete(BLOBS).where(BLOBS.c.file_id == file_id))
            connection.execute(delete(FILES).where(FILES.c.file_id == file_id))
            give_room_back(connection, row.created_by, row.room_taken)

        self._database.write(work)

    def known(self, blob_names: Collection[str]) -> frozenset[str]:
        """Those of the names that a row holds."""
        held = select(BLOBS.c.blob_name).where(BLOBS.c.blob_name.in_(blob_names))
        return frozenset(self._database.read(lambda connection: connection.scalars(held).all()))


def _names(connection: Connection, file_ids: list[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {file_id: [] for file_id in file_ids}
    for row in connection.execute(select(BLOBS.c.file_id, BLOBS.c.blob_name).where(BLOBS.c.file_id.in_(file_ids))):
        names[row.file_id].append(row.blob_name)
    return names
