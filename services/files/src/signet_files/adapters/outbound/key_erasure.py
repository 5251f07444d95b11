"""Destroys the keys of files, so that nobody reads them any more; what they encrypted is removed later."""

from collections.abc import Collection

from sqlalchemy import Connection, update

from signet_files.adapters.outbound.tables import BLOBS


def erase_keys(connection: Connection, file_ids: Collection[int]) -> None:
    """Erase the wrapped keys of all contents of these files, in the transaction of `connection`."""
    if connection.dialect.name == "sqlite":
        # Free pages would keep the wrapped keys until they are used again.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    connection.execute(update(BLOBS).where(BLOBS.c.file_id.in_(file_ids)).values(data_key=None))
