"""Sessions in a transaction, and the reader behind grants."""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, or_, select, update

from signet_common.keyring.ciphers import RowCipher
from signet_common.sql.database import Database, DatabaseUnavailable
from signet_identity.adapters.outbound.rows import limit_from, roles_and_rights
from signet_identity.adapters.outbound.secret_rows import bind_secret
from signet_identity.adapters.outbound.session_rows import SESSION_COLUMNS, renewal, session_ends_at, session_of
from signet_identity.adapters.outbound.tables import API_KEYS, SESSIONS, USERS
from signet_identity.application.ports import USE_NOTED_EVERY, SigningCredential
from signet_identity.domain.credentials import (
    NewCredential,
    Session,
    SessionLifetime,
    api_key_id_of,
    limit_of,
    token_digest,
)
from signet_identity.domain.errors import VersionConflict
from signet_identity.domain.permissions import Rights
from signet_identity.domain.users import State

_LOGGER = logging.getLogger(__name__)


def _signing(table: Table, credential: Any, *columns: Any) -> Any:
    return (
        select(*columns, table.c.secret, table.c.expires_at, USERS.c.user_id, USERS.c.user_name, USERS.c.user_state)
        .join_from(table, USERS)
        .where(credential == bindparam("credential", type_=credential.type))
    )


_API_KEY = _signing(
    API_KEYS,
    API_KEYS.c.api_key,
    API_KEYS.c.api_key_id.label("row_id"),
    API_KEYS.c.api_key_state,
    API_KEYS.c.permissions,
    API_KEYS.c.last_used_at,
)
_SESSION = _signing(
    SESSIONS,
    SESSIONS.c.token_sha256,
    SESSIONS.c.session_id.label("row_id"),
    SESSIONS.c.last_used_at,
    SESSIONS.c.idle_expires_at,
)


class SqlSessions:
    """Fulfils the port `Sessions`."""

    def __init__(self, connection: Connection, keyring: RowCipher) -> None:
        self._connection = connection
        self._keyring = keyring

    def add(
        self, credential: NewCredential, lifetime: SessionLifetime, *, user_id: int, client_ip: str, at: datetime
    ) -> Session:
        """Insert a session, its token as a digest and its secret encrypted."""
        values = {
            "user_id": user_id,
            "token_sha256": token_digest(credential.credential),
            "created_at": at,
            "expires_at": at + lifetime.absolute,
            "last_used_at": at,
            "idle_expires_at": at + lifetime.idle,
            "client_ip": client_ip or None,
        }
        row_id: int = self._connection.execute(insert(SESSIONS), {**values, "secret": ""}).inserted_primary_key[0]  # type: ignore[index]
        bind_secret(self._connection, self._keyring, SESSIONS, row_id, credential.secret)
        added = self.get(row_id)
        if added is None:
            raise VersionConflict
        return added

    def get(self, session_id: int) -> Session | None:
        """Return the session without its secret."""
        row = self._connection.execute(select(*SESSION_COLUMNS).where(SESSIONS.c.session_id == session_id)).first()
        return session_of(row) if row else None

    def end(self, session_id: int) -> bool:
        """Remove the session."""
        return self._connection.execute(delete(SESSIONS).where(SESSIONS.c.session_id == session_id)).rowcount == 1

    def end_all(self, user_id: int, *, but: int | None = None) -> list[int]:
        """Remove the sessions of a user."""
        whose = [SESSIONS.c.user_id == user_id]
        if but is not None:
            whose.append(SESSIONS.c.session_id != but)
        # Locked in the order of their ids: whoever ends one of them at the same moment waits, and tells of none twice.
        wanted = select(SESSIONS.c.session_id).where(*whose).order_by(SESSIONS.c.session_id).with_for_update()
        ended = list(self._connection.execute(wanted).scalars())
        if ended:
            self._connection.execute(delete(SESSIONS).where(SESSIONS.c.session_id.in_(ended)))
        return ended


class SqlCredentials:
    """Fulfils the port `Credentials`."""

    def __init__(self, database: Database, keyring: RowCipher) -> None:
        self._database = database
        self._keyring = keyring

    def api_key(self, api_key: str, now: datetime) -> SigningCredential | None:
        """Return the key with its secret, marked inactive where it is revoked or past its time."""
        row = self._row(_API_KEY, api_key)
        if row is None:
            return None
        over = row.expires_at is not None and row.expires_at <= now
        found = self._credential(row, "api_key", API_KEYS, State.INACTIVE if over else State(row.api_key_state))
        return replace(found, limit=limit_of(limit_from(row.permissions)), used_at=row.last_used_at)

    def session(self, token_digest: str, now: datetime) -> SigningCredential | None:
        """Return the session of a token that is not over, and note its use, at most once a minute."""
        row = self._row(_SESSION, token_digest)
        if row is None or session_ends_at(row) <= now:
            return None
        renew = renewal(row, now)
        if renew is not None:
            self._database.write(lambda connection: connection.execute(renew) and None)
            row = self._row(_SESSION, token_digest)
            if row is None:
                return None
        return replace(self._credential(row, "session", SESSIONS, State.ACTIVE), expires_at=session_ends_at(row))

    def roles_of(self, user_id: int) -> tuple[tuple[str, ...], Rights]:
        """Return the roles and rights of the moment."""
        return self._database.read(lambda connection: roles_and_rights(connection, user_id))

    def used(self, found: SigningCredential, at: datetime) -> None:
        """Note the use of an API key, unless another process just did; a session's is noted by nobody."""
        api_key_id = api_key_id_of(found.credential_id)
        if api_key_id is None:
            return
        unnoted = or_(API_KEYS.c.last_used_at.is_(None), API_KEYS.c.last_used_at <= at - USE_NOTED_EVERY)
        noted = update(API_KEYS).where(API_KEYS.c.api_key_id == api_key_id, unnoted).values(last_used_at=at)
        try:
            self._database.write(lambda connection: connection.execute(noted))
        except DatabaseUnavailable:
            _LOGGER.warning("the use of %s could not be noted", found.credential_id)

    def _row(self, statement: Any, credential: str) -> Row[Any] | None:
        found = {"credential": credential}
        return self._database.read(lambda connection: connection.execute(statement, found).first())

    def _credential(self, row: Row[Any], kind: str, table: Table, state: State) -> SigningCredential:
        return SigningCredential(
            credential_id=f"{kind}/{row.row_id}",
            user_id=row.user_id,
            user_name=row.user_name,
            user_state=State(row.user_state),
            credential_state=state,
            expires_at=row.expires_at,
            secret=self._keyring.decrypt(row.secret, table=table.name, row_id=row.row_id, column="secret"),
        )
