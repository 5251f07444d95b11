"""The secrets in the database, brought under another key while others read and write them."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, bindparam, func, select, update

from signet_common.keyring.ciphers import RowCipher, SecretUnreadable, key_id_of
from signet_common.keyring.rotation import Batch, Counted, Progress
from signet_common.sql.columns import BigId
from signet_common.sql.database import Database
from signet_common.sql.paging import PositionOf

BATCH = 200
COUNTED = 10_000
"""Rows that one statement counts: SQLite holds up a web process for some milliseconds with them."""
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


class SqlSecrets:
    """The secrets of one column, brought under another key.

    A row is replaced only where it still holds what was read, so whoever revoked or ended it meanwhile wins.
    """

    def __init__(self, database: Database, column: SecretColumn, cipher: RowCipher) -> None:
        self._database = database
        self._column = column
        self._cipher = cipher
        self._following = (
            select(column.id.label("row_id"), column.secret.label("secret"))
            .where(column.id > bindparam("after", type_=BigId), column.secret.is_not(None))
            .order_by(column.id)
            .limit(bindparam("limit"))
        )

    @property
    def table(self) -> str:
        """Where they stand."""
        return self._column.table.name

    def bring_under(self, key_id: str, after: int, limit: int = BATCH) -> Batch:
        """Encrypt again what of the next rows behind the id `after` lies under another key, in one transaction."""
        rows = self._next(after, limit)
        changes, unreadable = [], []
        for row in rows:
            if key_id_of(row.secret) == key_id:
                continue
            try:
                changes.append({"at": row.row_id, "seen": row.secret, "fresh": self._encrypted_again(row)})
            except SecretUnreadable:
                unreadable.append(row.row_id)
        if changes:
            self._replace(changes)
        return Batch(len(rows), rows[-1].row_id if rows else after, len(changes), tuple(unreadable))

    def count(self) -> int:
        """How many there are."""
        counted = select(func.count()).select_from(self._column.table).where(self._column.secret.is_not(None))
        return self._database.read(lambda connection: connection.execute(counted).scalar_one())

    def newest(self) -> int:
        """The highest id that there is; 0 where there is none."""
        return self._database.read(lambda c: c.execute(select(func.max(self._column.id))).scalar_one()) or 0

    def usage(self) -> Iterator[Counted]:
        """How many lie under each key, counted by the database, some thousand rows at a time."""
        rows = self._following.subquery()
        some = select(rows.c.row_id, _key_id_in(rows.c.secret).label("key_id")).subquery()
        counted = select(some.c.key_id, func.count(), func.max(some.c.row_id)).group_by(some.c.key_id)
        after = 0
        while found := self._database.read(lambda c, p=after: c.execute(counted, _behind(p, COUNTED)).all()):  # type: ignore[misc]
            last = max(position for _, _, position in found)
            yield Counted(after, last, {key_id: count for key_id, count, _ in found})
            after = last

    def _next(self, after: int, limit: int) -> list[Row[Any]]:
        return self._database.read(lambda c: list(c.execute(self._following, _behind(after, limit))))

    def _encrypted_again(self, row: Row[Any]) -> str:
        place = {"table": self.table, "row_id": row.row_id, "column": self._column.secret.name}
        return self._cipher.encrypt_bytes(self._cipher.decrypt_bytes(row.secret, **place), **place)

    def _replace(self, changes: list[dict[str, Any]]) -> None:
        replaced = (
            update(self._column.table)
            .where(self._column.id == bindparam("at"), self._column.secret == bindparam("seen"))
            .values({self._column.secret: bindparam("fresh")})
        )
        self._database.write(lambda connection: connection.execute(replaced, changes))


class SqlStoredSecrets:
    """Fulfils the port `StoredSecrets` of `signet_common.keyring.rotation`, for all of `columns`.

    Batches are short transactions with a pause between them: on SQLite others wait for the same one writer.
    """

    def __init__(
        self,
        database: Database,
        columns: Sequence[SecretColumn],
        cipher: RowCipher,
        pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS),
    ) -> None:
        self._columns = [SqlSecrets(database, column, cipher) for column in columns]
        self._pause = pause

    def bring_under(self, key_id: str) -> Iterator[Progress]:
        """Encrypt again what lies under another key; rows that are added meanwhile are met as well."""
        for column in self._columns:
            total, done, after = column.count(), 0, 0
            while (batch := column.bring_under(key_id, after)).rows:
                done, after = done + batch.rows, batch.last
                yield Progress(column.table, done, max(total, done), batch.unreadable)
                if batch.encrypted:
                    self._pause()

    def usage(self) -> Mapping[str, int]:
        """Count the secrets under each key."""
        counted: Counter[str] = Counter()
        for column in self._columns:
            for some in column.usage():
                counted.update(some.keys)
        return counted


def _behind(after: int, limit: int) -> dict[str, int]:
    return {"after": after, "limit": limit}


def _key_id_in(stored: ColumnElement[str]) -> ColumnElement[str]:
    """`key_id_of`, as the database does it."""
    ended = stored + ":"
    return func.substr(ended, 1, PositionOf(ended, ":") - 1)
