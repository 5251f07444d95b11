"""The secrets in the database, brought under another key while others read and write them."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Row, Table, bindparam, func, select, update

from signet_common.keyring.ciphers import RowCipher, SecretUnreadable, key_id_of
from signet_common.keyring.rotation import Progress
from signet_common.sql.columns import BigId
from signet_common.sql.database import Database
from signet_identity.adapters.outbound.secret_rows import SECRET_ROWS

BATCH = 200
PAUSE_SECONDS = 0.005


class SqlStoredSecrets:
    """Fulfils the port `StoredSecrets`.

    A row is replaced only where it still holds what was read, so whoever revoked or ended it meanwhile wins. Batches
    are short transactions with a pause between them: on SQLite others wait for the same one writer.
    """

    def __init__(
        self, database: Database, cipher: RowCipher, pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS)
    ) -> None:
        self._database = database
        self._cipher = cipher
        self._pause = pause

    def bring_under(self, key_id: str) -> Iterator[Progress]:
        """Encrypt again what lies under another key."""
        for table, id_column in SECRET_ROWS.items():
            total, done = self._count(table), 0
            for rows in self._batches(table, id_column):
                stale = [row for row in rows if key_id_of(row.secret) != key_id]
                unreadable = self._encrypt_again(table, id_column, stale)
                done += len(rows)
                yield Progress(table.name, done, max(total, done), unreadable)
                if stale:
                    self._pause()

    def usage(self) -> Mapping[str, int]:
        """Count the secrets under each key."""
        counted: Counter[str] = Counter()
        for table, id_column in SECRET_ROWS.items():
            for rows in self._batches(table, id_column):
                counted.update(key_id_of(row.secret) for row in rows)
        return counted

    def _count(self, table: Table) -> int:
        counted = select(func.count()).select_from(table)
        return self._database.read(lambda connection: connection.execute(counted).scalar_one())

    def _batches(self, table: Table, id_column: Column[Any]) -> Iterator[list[Row[Any]]]:
        """All rows in the order of ids, a batch at a time: those added behind the last one are met as well."""
        batch = (
            select(id_column.label("row_id"), table.c.secret)
            .where(id_column > bindparam("after", type_=BigId))
            .order_by(id_column)
            .limit(BATCH)
        )
        after = 0
        while rows := self._database.read(lambda c, after=after: list(c.execute(batch, {"after": after}))):  # type: ignore[misc]
            yield rows
            after = rows[-1].row_id

    def _encrypt_again(self, table: Table, id_column: Column[Any], rows: list[Row[Any]]) -> tuple[int, ...]:
        changes, unreadable = [], []
        for row in rows:
            place = {"table": table.name, "row_id": row.row_id, "column": "secret"}
            try:
                fresh = self._cipher.encrypt(self._cipher.decrypt(row.secret, **place), **place)
            except SecretUnreadable:
                unreadable.append(row.row_id)
            else:
                changes.append({"at": row.row_id, "seen": row.secret, "fresh": fresh})
        if changes:
            replaced = (
                update(table)
                .where(id_column == bindparam("at"), table.c.secret == bindparam("seen"))
                .values(secret=bindparam("fresh"))
            )
            self._database.write(lambda connection: connection.execute(replaced, changes))
        return tuple(unreadable)
