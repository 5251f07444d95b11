"""Idempotency keys: the first answer again, from a row that committed with the change itself.

The key is claimed before the work and answered after it, in one transaction. Two attempts at once meet at the primary
key: the later one is overtaken, starts again and finds the first one's answer.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import Column, ColumnElement, Connection, Index, MetaData, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime
from signet_common.sql.database import TransactionOvertaken

KEPT = timedelta(hours=24)
"""How long a key holds; what is older is erased by the purge (`retention.FIRST_ANSWERS`)."""
NOBODY = 0
"""Stands for the user of a public operation."""


class IdempotencyKeyReused(Exception):
    """The key was used before, for a request that says something else."""


class AnswerNotKept(Exception):
    """The request was carried out before, and its answer cannot be given again.

    It held a secret, which is shown only once, nobody said who may see it by now, or a version gave it whose answers
    lacked a field of today's.
    """


class KeyedRequest(Protocol):
    """What is known of a request that its client may send again; a passport says all of it."""

    @property
    def user_id(self) -> int | None: ...
    @property
    def credential_id(self) -> str: ...
    @property
    def permission(self) -> str: ...
    @property
    def idempotency_key(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def body_sha256(self) -> str: ...


def idempotency_table(metadata: MetaData) -> Table:
    """Declare the idempotency keys of one service."""
    return Table(
        "idempotency_keys",
        metadata,
        Column("user_id", BigId, primary_key=True, autoincrement=False, comment="who sent the request"),
        Column("operation", String(64), primary_key=True, comment="permission that it used"),
        Column("idempotency_key", BinaryText(255), primary_key=True, comment="the client's key"),
        Column("request_sha256", String(64), nullable=False, comment="what was asked, to notice another request"),
        Column("answer", LongText, comment="JSON of the first answer; null: it held a secret"),
        Column("created_at", UtcDateTime, nullable=False, comment="when the key was first used"),
        Index("ix_idempotency_keys_created_at", "created_at"),
        comment="first answers of requests that may be repeated, kept 24 hours",
    )


class IdempotencyKeys:
    """Claims keys and keeps answers, inside the caller's transaction."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, connection: Connection, request: KeyedRequest) -> str | None:
        """None when the work is still to be done; the JSON of the first answer when it was done before.

        Raises IdempotencyKeyReused, AnswerNotKept, or TransactionOvertaken (the transaction starts again).
        """
        keys = self._table.c
        earlier = connection.execute(
            select(keys.request_sha256, keys.answer, keys.created_at).where(*self._is(request))
        ).first()
        if earlier is None:
            self._insert(connection, request)
            return None
        if earlier.created_at < datetime.now(UTC) - KEPT:
            connection.execute(delete(self._table).where(*self._is(request)))
            self._insert(connection, request)
            return None
        if earlier.request_sha256 != _digest(request):
            raise IdempotencyKeyReused
        if earlier.answer is None:
            raise AnswerNotKept
        return str(earlier.answer)

    def keep(self, connection: Connection, request: KeyedRequest, answer: str) -> None:
        """Keep the answer's JSON with the change."""
        connection.execute(update(self._table).where(*self._is(request)).values(answer=answer))

    def _insert(self, connection: Connection, request: KeyedRequest) -> None:
        row = {
            "user_id": request.user_id or NOBODY,
            "operation": request.permission,
            "idempotency_key": request.idempotency_key,
            "request_sha256": _digest(request),
            "created_at": datetime.now(UTC),
        }
        try:
            connection.execute(insert(self._table), row)
        except IntegrityError as overtaken:
            raise TransactionOvertaken from overtaken

    def _is(self, request: KeyedRequest) -> tuple[ColumnElement[bool], ...]:
        keys = self._table.c
        return (
            keys.user_id == (request.user_id or NOBODY),
            keys.operation == request.permission,
            keys.idempotency_key == request.idempotency_key,
        )


def _digest(request: KeyedRequest) -> str:
    # A key is its credential's: what another one of the user was answered is not for a narrower one to read.
    asked = f"{request.credential_id}\n{request.method}\n{request.target}\n{request.body_sha256}"
    return hashlib.sha256(asked.encode()).hexdigest()
