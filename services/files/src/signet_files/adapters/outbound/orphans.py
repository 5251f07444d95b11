"""What nobody will ask for any more."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database, DatabaseUnavailable
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.key_erasure import erase_keys
from signet_files.adapters.outbound.quotas import give_room_back
from signet_files.adapters.outbound.repository import FILE_COLUMNS
from signet_files.adapters.outbound.tables import BLOBS, FILES
from signet_files.application.ports import Condemned
from signet_files.domain.files import ACTIVE, CONDEMNED, DELETED, File, differences

CLAIMED = timedelta(minutes=10)
"""How long what one collector took is left to it: no other does the same at once, and what a store will not let go of
hides nothing that is due."""


class SqlOrphans:
    """Fulfils the port `Orphans`."""

    def __init__(self, database: Database, events: EventMap, keeper: Passport) -> None:
        """`keeper` is in whose name files are destroyed when their retention ends."""
        self._database = database
        self._events = events
        self._keeper = keeper

    def condemn(self, at: datetime, limit: int) -> Sequence[Condemned]:
        """Lock what is due, so that no upload ends and no undelete comes in between, and erase its keys."""
        due = (
            select(*FILE_COLUMNS)
            .where(FILES.c.due_at < at)
            .order_by(FILES.c.due_at, FILES.c.file_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

        def work(connection: Connection) -> list[Condemned]:
            rows = connection.execute(due).all()
            ids = [row.file_id for row in rows]
            erase_keys(connection, ids)
            condemned = update(FILES).where(FILES.c.file_id.in_(ids))
            connection.execute(condemned.values(file_state=CONDEMNED, due_at=at + CLAIMED))
            for row in rows:
                self._record_end(connection, row)
            names = _names(connection, ids)
            return [Condemned(row.file_id, row.size is not None, tuple(names[row.file_id])) for row in rows]

        return self._database.write(work)

    def _record_end(self, connection: Connection, row: Row[Any]) -> None:
        """Of a file that could be brought back until now: uploads were never seen, and the condemned were told."""
        if row.file_state == DELETED:
            changes = differences(File(*tuple(row)), None)
            end = Change("file", "destroy", str(row.file_id), row.version + 1, changes)
            self._events.add(connection, end, self._keeper)

    def remains(self, file_id: int) -> tuple[str, ...]:
        """A database that does not answer leaves them to the collector."""
        names = (
            select(BLOBS.c.blob_name)
            .join_from(BLOBS, FILES)
            .where(FILES.c.file_id == file_id, FILES.c.file_state == CONDEMNED)
        )
        try:
            return tuple(self._database.read(lambda connection: connection.scalars(names).all()))
        except DatabaseUnavailable:
            return ()

    def forget(self, file_id: int) -> bool:
        """Remove the rows; a second time there is nothing left to count back."""
        condemned = select(FILES.c.created_by, FILES.c.room_taken).where(
            FILES.c.file_id == file_id, FILES.c.file_state == CONDEMNED
        )

        def work(connection: Connection) -> bool:
            row = connection.execute(condemned.with_for_update()).first()
            if row is None:
                return False
            connection.execute(delete(BLOBS).where(BLOBS.c.file_id == file_id))
            connection.execute(delete(FILES).where(FILES.c.file_id == file_id))
            give_room_back(connection, row.created_by, row.room_taken)
            return True

        try:
            return self._database.write(work)
        except DatabaseUnavailable:
            return False

    def known(self, blob_names: Collection[str]) -> frozenset[str]:
        """Those of the names that a row holds."""
        held = select(BLOBS.c.blob_name).where(BLOBS.c.blob_name.in_(blob_names))
        return frozenset(self._database.read(lambda connection: connection.scalars(held).all()))

    def newest(self, limit: int) -> Sequence[str]:
        """Of files that are whole: those of an upload need not be there yet, those of the condemned no more."""
        whole = (
            select(BLOBS.c.blob_name)
            .join_from(BLOBS, FILES)
            .where(FILES.c.file_state.in_((ACTIVE, DELETED)))
            .order_by(BLOBS.c.blob_id.desc())
            .limit(limit)
        )
        return self._database.read(lambda connection: connection.scalars(whole).all())


def _names(connection: Connection, file_ids: list[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {file_id: [] for file_id in file_ids}
    for row in connection.execute(select(BLOBS.c.file_id, BLOBS.c.blob_name).where(BLOBS.c.file_id.in_(file_ids))):
        names[row.file_id].append(row.blob_name)
    return names
