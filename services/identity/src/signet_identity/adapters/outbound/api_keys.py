"""The API keys of one transaction."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from signet_common.keyring.ciphers import RowCipher
from signet_identity.adapters.outbound.rows import API_KEY_COLUMNS, api_key_of
from signet_identity.adapters.outbound.secret_rows import bind_secret
from signet_identity.adapters.outbound.tables import API_KEYS, ROLES, USER_ROLES, USERS
from signet_identity.domain.credentials import ApiKey, EndingApiKey, NewApiKey, NewCredential
from signet_identity.domain.errors import Duplicate, VersionConflict
from signet_identity.domain.users import State


class SqlApiKeys:
    """Fulfils the port `ApiKeys`."""

    def __init__(self, connection: Connection, keyring: RowCipher) -> None:
        self._connection = connection
        self._keyring = keyring

    def get(self, api_key_id: int) -> ApiKey | None:
        """Return the key, of any state, without its secret."""
        statement = select(*API_KEY_COLUMNS).where(API_KEYS.c.api_key_id == api_key_id)
        row = self._connection.execute(statement).first()
        return api_key_of(row) if row else None

    def add(self, credential: NewCredential, new: NewApiKey, *, by: int | None, at: datetime) -> ApiKey:
        """Insert a key and its encrypted secret."""
        values = {
            "user_id": new.user_id,
            "api_key": credential.credential,
            "secret": "",
            "key_name": new.key_name,
            "description": new.description,
            "permissions": _stored(new.permissions),
            "api_key_state": State.ACTIVE.value,
            "expires_at": new.expires_at,
            "version": 1,
            "created_at": at,
            "created_by": by,
            "updated_at": at,
            "updated_by": by,
        }
        self._refuse_duplicate(new.user_id, new.key_name, but=0)
        try:
            row_id: int = self._connection.execute(insert(API_KEYS), values).inserted_primary_key[0]  # type: ignore[index]
        except IntegrityError as failed:
            raise Duplicate("key_name") from failed
        bind_secret(self._connection, self._keyring, API_KEYS, row_id, credential.secret)
        added = self.get(row_id)
        if added is None:
            raise VersionConflict
        return added

    def save(self, api_key: ApiKey) -> None:
        """Write name, limit, state and end over the version before."""
        values = {
            "key_name": api_key.key_name,
            "description": api_key.description,
            "permissions": _stored(api_key.permissions),
            "api_key_state": api_key.api_key_state.value,
            "expires_at": api_key.expires_at,
            "version": api_key.version,
            "updated_at": api_key.updated_at,
            "updated_by": api_key.updated_by,
        }
        self._refuse_duplicate(api_key.user_id, api_key.key_name, but=api_key.api_key_id)
        before = (API_KEYS.c.api_key_id == api_key.api_key_id, API_KEYS.c.version == api_key.version - 1)
        try:
            if self._connection.execute(update(API_KEYS).where(*before).values(values)).rowcount != 1:
                raise VersionConflict
        except IntegrityError as failed:
            raise Duplicate("key_name") from failed

    def made_by_others(self, *, user_id: int | None = None, role_name: str | None = None) -> list[ApiKey]:
        """Select and lock them; the deployment, which made those of nobody, is no user."""
        keys = API_KEYS.c
        wanted = [keys.api_key_state == State.ACTIVE.value, keys.created_by != keys.user_id]
        if user_id is not None:
            wanted.append(keys.user_id == user_id)
        if role_name is not None:
            held = select(USER_ROLES.c.user_id).join_from(USER_ROLES, ROLES).where(ROLES.c.role_name == role_name)
            wanted.append(keys.user_id.in_(held))
        statement = select(*API_KEY_COLUMNS).where(*wanted).order_by(keys.api_key_id).with_for_update()
        return [api_key_of(row) for row in self._connection.execute(statement)]

    def ending(self, *, after: datetime, before: datetime, most: int) -> list[EndingApiKey]:
        """Find the owners along the index of ends, then select and lock their keys, with the rows of these users."""
        keys, users = API_KEYS.c, USERS.c
        ending = (
            keys.expires_at > after,
            keys.expires_at <= before,
            keys.api_key_state == State.ACTIVE.value,
            or_(keys.reminded_of.is_(None), keys.reminded_of != keys.expires_at),
            users.user_state == State.ACTIVE.value,
            users.email.is_not(None),
            users.email_confirmed_at.is_not(None),
        )
        of_owners = select(keys.user_id).join_from(API_KEYS, USERS, users.user_id == keys.user_id).where(*ending)
        first = of_owners.order_by(keys.expires_at, keys.api_key_id).limit(most)
        owners = set(self._connection.scalars(first))
        statement = (
            of_owners.add_columns(keys.api_key_id, keys.key_name, keys.api_key, keys.expires_at)
            .add_columns(users.user_name, users.email)
            .where(keys.user_id.in_(owners))
            .order_by(keys.user_id, keys.expires_at, keys.api_key_id)
            .limit(most)
            .with_for_update()
        )
        return [
            EndingApiKey(
                row.api_key_id, row.key_name or row.api_key, row.expires_at, row.user_id, row.user_name, row.email
            )
            for row in self._connection.execute(statement)
        ]

    def note_reminded(self, api_keys: Sequence[EndingApiKey]) -> None:
        """Write it beside the ends, whose rows `ending` has locked."""
        noted = API_KEYS.c.api_key_id.in_([api_key.api_key_id for api_key in api_keys])
        self._connection.execute(update(API_KEYS).where(noted).values(reminded_of=API_KEYS.c.expires_at))

    def delete_all(self, user_id: int) -> list[ApiKey]:
        """Remove the rows, secrets and all."""
        statement = select(*API_KEY_COLUMNS).where(API_KEYS.c.user_id == user_id).with_for_update()
        keys = [api_key_of(row) for row in self._connection.execute(statement)]
        self._connection.execute(delete(API_KEYS).where(API_KEYS.c.user_id == user_id))
        return [key for key in keys if key.api_key_state is State.ACTIVE]

    def _refuse_duplicate(self, user_id: int, key_name: str, *, but: int) -> None:
        """The unique index behind this decides what two transactions race for."""
        taken = select(API_KEYS.c.api_key_id).where(
            API_KEYS.c.user_id == user_id, API_KEYS.c.key_name == key_name, API_KEYS.c.api_key_id != but
        )
        if self._connection.execute(taken).first():
            raise Duplicate("key_name")


def _stored(permissions: Collection[str] | None) -> str | None:
    return None if permissions is None else json.dumps(list(permissions))
