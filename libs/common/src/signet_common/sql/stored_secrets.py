"""The secrets in the database, brought under another key while others read and write them."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, Table, bindparam, func, select, update

from signet_common.keyring.ciphers import RowCipher, SecretUnreadable, key_id_of
from signet_common.keyring.rotation import Progress
from signet_common.sql.columns import BigId
from signet_common.sql.database import Database

BATCH = 200
PAUSE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class SecretColumn:
    """A column under the keyring and the id that its values are bound to; null holds no secret."""

    id: Column[Any]
    secret: Column[Any]

    @property
    def table(self) -> Table:
        """Where it stands."""
        return self.secret.table


class SqlStoredSecrets:
    """Fulfils the port `StoredSecrets` of `signet_common.keyring.rotation`, for all of `columns`.

    A row is replaced only where it still holds what was read, so whoever revoked or ended it meanwhile wins. Batches
    are short transactions with a pause between them: on SQLite others wait for the same one writer.
    """

    def __init__(
        self,
        database: Database,
        columns: Sequence[SecretColumn],
        cipher: RowCipher,
        pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS),
    ) -> None:
        self._database = database
        self._columns = columns
        self._cipher = cipher
        self._pause = pause

    def bring_under(self, key_id: str) -> Iterator[Progress]:
        """Encrypt again what lies under another key."""
        for column in self._columns:
            total, done = self._count(column), 0
            for rows in self._batches(column):
                stale = [row for row in rows if key_id_of(row.secret) != key_id]
                unreadable = self._encrypt_again(column, stale)
                done += len(rows)
                yield Progress(column.table.name, done, max(total, done), unreadable)
                if stale:
                    self._pause()

    def usage(self) -> Mapping[str, int]:
        """Count the secrets under each key."""
        counted: Counter[str] = Counter()
        for column in self._columns:
            for rows in self._batches(column):
                counted.update(key_id_of(row.secret) for row in rows)
        return counted

    def _count(self, column: SecretColumn) -> int:
        counted = select(func.count()).select_from(column.table).where(column.secret.is_not(None))
        return self._database.read(lambda connection: connection.execute(counted).scalar_one())

    def _batches(self, column: SecretColumn) -> Iterator[list[Row[Any]]]:
        """All rows in the order of ids, a batch at a time: those added behind the last one are met as well."""
        batch = (
            select(column.id.label("row_id"), column.secret.label("secret"))
            .where(column.id > bindparam("after", type_=BigId), column.secret.is_not(None))
            .order_by(column.id)
            .limit(BATCH)
        )
        after = 0
        while rows := self._database.read(lambda c, after=after: list(c.execute(batch, {"after": after}))):  # type: ignore[misc]
            yield rows
            after = rows[-1].row_id

    def _encrypt_again(self, column: SecretColumn, rows: list[Row[Any]]) -> tuple[int, ...]:
        changes, unreadable = [], []
        for row in rows:
            place = {"table": column.table.name, "row_id": row.row_id, "column": column.secret.name}
            try:
                fresh = self._cipher.encrypt_bytes(self._cipher.decrypt_bytes(row.secret, **place), **place)
            except SecretUnreadable:
                unreadable.append(row.row_id)
            else:
                changes.append({"at": row.row_id, "seen": row.secret, "fresh": fresh})
        if changes:
            replaced = (
                update(column.table)
                .where(column.id == bindparam("at"), column.secret == bindparam("seen"))
                .values({column.secret: bindparam("fresh")})
            )
            self._database.write(lambda connection: connection.execute(replaced, changes))
        return tuple(unreadable)
