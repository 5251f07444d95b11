"""API keys and sessions: the repositories of a transaction, and the reader behind grants.

A secret is bound to its row when it is encrypted, so a row is inserted first and gets its secret once it has an id.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, select, update

from signet_common.sql.database import Database
from signet_identity.adapters.outbound.keyring import Keyring
from signet_identity.adapters.outbound.rows import API_KEY_COLUMNS, api_key_of, roles_and_rights
from signet_identity.adapters.outbound.tables import API_KEYS, SESSIONS, USERS
from signet_identity.application.ports import SigningCredential
from signet_identity.domain.credentials import ApiKey, NewCredential, Session, token_digest
from signet_identity.domain.errors import VersionConflict
from signet_identity.domain.permissions import Rights
from signet_identity.domain.users import State

_KEY_COLUMN = {API_KEYS: API_KEYS.c.api_key_id, SESSIONS: SESSIONS.c.session_id}


def _signing(table: Table, credential: Any, *columns: Any) -> Any:
    return (
        select(*columns, table.c.secret, table.c.expires_at, USERS.c.user_id, USERS.c.user_name, USERS.c.user_state)
        .join_from(table, USERS)
        .where(credential == bindparam("credential", type_=credential.type))
    )


_API_KEY = _signing(API_KEYS, API_KEYS.c.api_key, API_KEYS.c.api_key_id.label("row_id"), API_KEYS.c.api_key_state)
_SESSION = _signing(SESSIONS, SESSIONS.c.token_sha256, SESSIONS.c.session_id.label("row_id"))


class SqlApiKeys:
    """Fulfils the port `ApiKeys`."""

    def __init__(self, connection: Connection, keyring: Keyring) -> None:
        self._connection = connection
        self._keyring = keyring

    def get(self, api_key_id: int) -> ApiKey | None:
        """Return the key, of any state, without its secret."""
        statement = select(*API_KEY_COLUMNS).where(API_KEYS.c.api_key_id == api_key_id)
        row = self._connection.execute(statement).first()
        return api_key_of(row) if row else None

    def add(
        self,
        credential: NewCredential,
        *,
        user_id: int,
        description: str | None,
        expires_at: datetime | None,
        by: int | None,
        at: datetime,
    ) -> ApiKey:
        """Insert a key and its encrypted secret."""
        values = {
            "user_id": user_id,
            "api_key": credential.credential,
            "description": description,
            "api_key_state": State.ACTIVE.value,
            "expires_at": expires_at,
            "version": 1,
            "created_at": at,
            "created_by": by,
            "updated_at": at,
            "updated_by": by,
        }
        row_id = _insert_with_secret(self._connection, self._keyring, API_KEYS, values, credential.secret)
        added = self.get(row_id)
        if added is None:
            raise VersionConflict
        return added

    def revoke(self, api_key: ApiKey, *, by: int | None, at: datetime) -> int:
        """Switch the key off and return its new version."""
        seen = (API_KEYS.c.api_key_id == api_key.api_key_id, API_KEYS.c.version == api_key.version)
        version = api_key.version + 1
        values = {"api_key_state": State.INACTIVE.value, "version": version, "updated_at": at, "updated_by": by}
        if self._connection.execute(update(API_KEYS).where(*seen).values(values)).rowcount != 1:
            raise VersionConflict
        return version

    def delete_all(self, user_id: int) -> list[ApiKey]:
        """Remove the rows, secrets and all."""
        statement = select(*API_KEY_COLUMNS).where(API_KEYS.c.user_id == user_id).with_for_update()
        keys = [api_key_of(row) for row in self._connection.execute(statement)]
        self._connection.execute(delete(API_KEYS).where(API_KEYS.c.user_id == user_id))
        return [key for key in keys if key.api_key_state is State.ACTIVE]


class SqlSessions:
    """Fulfils the port `Sessions`."""

    def __init__(self, connection: Connection, keyring: Keyring) -> None:
        self._connection = connection
        self._keyring = keyring

    def add(self, credential: NewCredential, *, user_id: int, expires_at: datetime, at: datetime) -> Session:
        """Insert a session, its token as a digest and its secret encrypted."""
        values = {
            "user_id": user_id,
            "token_sha256": token_digest(credential.credential),
            "created_at": at,
            "expires_at": expires_at,
            "last_used_at": at,
            "idle_expires_at": expires_at,
        }
        row_id = _insert_with_secret(self._connection, self._keyring, SESSIONS, values, credential.secret)
        return Session(row_id, user_id, expires_at)

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

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def api_key(self, api_key: str, now: datetime) -> SigningCredential | None:
        """Return the key with its secret, marked inactive where it is revoked or past its time."""
        row = self._row(_API_KEY, api_key)
        if row is None:
            return None
        over = row.expires_at is not None and row.expires_at <= now
        return self._credential(row, "api_key", API_KEYS, State.INACTIVE if over else State(row.api_key_state))

    def session(self, token_digest: str, now: datetime) -> SigningCredential | None:
        """Return the session of a token that has not expired."""
        row = self._row(_SESSION, token_digest)
        if row is None or row.expires_at <= now:
            return None
        return self._credential(row, "session", SESSIONS, State.ACTIVE)

    def roles_of(self, user_id: int) -> tuple[tuple[str, ...], Rights]:
        """Return the roles and rights of the moment."""
        return self._database.read(lambda connection: roles_and_rights(connection, user_id))

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


def _insert_with_secret(
    connection: Connection, keyring: Keyring, table: Table, values: dict[str, Any], secret: str
) -> int:
    key: tuple[int] = connection.execute(insert(table), {**values, "secret": ""}).inserted_primary_key  # type: ignore[assignment]
    row_id = key[0]
    stored = keyring.encrypt(secret, table=table.name, row_id=row_id, column="secret")
    connection.execute(update(table).where(_KEY_COLUMN[table] == row_id).values(secret=stored))
    return row_id
