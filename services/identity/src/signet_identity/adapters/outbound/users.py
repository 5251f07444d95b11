"""The users of one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_identity.adapters.outbound.rows import role_names, user_of
from signet_identity.adapters.outbound.tables import ROLES, SINGLE_USE_TOKENS, USER_ROLES, USERS
from signet_identity.application.repositories import Account
from signet_identity.domain.errors import Duplicate, VersionConflict
from signet_identity.domain.logins import user_name_key
from signet_identity.domain.roles import ADMINISTRATOR
from signet_identity.domain.single_use_tokens import mailboxes
from signet_identity.domain.users import NewUser, State, User

UNIQUE = {"user_name": "user_name", "user_name_key": "user_name", "email": "email", "phone": "phone"}
"""The columns, and the field that is taken with each."""


class SqlUsers:
    """Fulfils the port `Users`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, user_id: int) -> User | None:
        """Return the user, of any state."""
        account = self.account(user_id)
        return account.user if account else None

    def account(self, user_id: int) -> Account | None:
        """Return the user with the hash of the password."""
        row = self._connection.execute(select(USERS).where(USERS.c.user_id == user_id)).first()
        if row is None:
            return None
        return Account(user_of(row, role_names(self._connection, [user_id])), row.password_hash)

    def add(self, user: NewUser, *, password_hash: str | None, by: int | None, at: datetime) -> User:
        """Insert a user with its roles."""
        values = {
            "user_name": user.user_name,
            "user_name_key": user_name_key(user.user_name),
            "email": user.email,
            "phone": user.phone,
            "display_name": user.display_name,
            "user_state": State.ACTIVE.value,
            "password_hash": password_hash,
            "version": 1,
            "created_at": at,
            "created_by": by,
            "updated_at": at,
            "updated_by": by,
        }
        self._refuse_duplicates(values, but=0)
        try:
            user_id = self._connection.execute(insert(USERS), values).inserted_primary_key[0]  # type: ignore[index]
        except IntegrityError as failed:
            raise Duplicate("user_name, email or phone") from failed
        self._set_roles(user_id, user.roles)
        added = self.get(user_id)
        if added is None:
            raise VersionConflict
        return added

    def save(self, user: User) -> None:
        """Write contact, state and roles over the version before, and void the tokens that speak for nobody now."""
        values = {
            "email": user.email,
            "phone": user.phone,
            "display_name": user.display_name,
            "user_state": user.user_state.value,
            "email_confirmed_at": user.email_confirmed_at,
            "pending_email": user.pending_email,
            "version": user.version,
            "updated_at": user.updated_at,
            "updated_by": user.updated_by,
        }
        self._refuse_duplicates(values, but=user.user_id)
        try:
            self._update(user, values)
        except IntegrityError as failed:
            raise Duplicate("email or phone") from failed
        self._connection.execute(delete(USER_ROLES).where(USER_ROLES.c.user_id == user.user_id))
        self._set_roles(user.user_id, user.roles)
        self._void_tokens(user, but=mailboxes(user))

    def set_password(self, user: User, password_hash: str) -> None:
        """Write another password over the version before, and void what could set yet another."""
        values = {
            "password_hash": password_hash,
            "password_changed_at": user.password_changed_at,
            "version": user.version,
            "updated_at": user.updated_at,
            "updated_by": user.updated_by,
        }
        self._update(user, values)
        self._void_tokens(user)

    def rehash(self, user_id: int, old_hash: str, new_hash: str) -> None:
        """Replace the hash of a password that stays the same, unless it has just changed."""
        same = (USERS.c.user_id == user_id, USERS.c.password_hash == old_hash)
        self._connection.execute(update(USERS).where(*same).values(password_hash=new_hash))

    def delete(self, user: User) -> None:
        """Remove the row and what only it gives a meaning."""
        for table in (USER_ROLES, SINGLE_USE_TOKENS):
            self._connection.execute(delete(table).where(table.c.user_id == user.user_id))
        same = (USERS.c.user_id == user.user_id, USERS.c.version == user.version)
        if self._connection.execute(delete(USERS).where(*same)).rowcount != 1:
            raise VersionConflict

    def count_active_administrators(self) -> int:
        """Count the active users who are administrators."""
        active = USERS.c.user_state == State.ACTIVE.value
        return self._connection.execute(_administrators.where(active)).scalar_one()

    def any_administrator(self) -> bool:
        """Whether there is an administrator, of any state."""
        return self._connection.execute(_administrators).scalar_one() > 0

    def _update(self, user: User, values: Mapping[str, object]) -> None:
        before = (USERS.c.user_id == user.user_id, USERS.c.version == user.version - 1)
        if self._connection.execute(update(USERS).where(*before).values(values)).rowcount != 1:
            raise VersionConflict

    def _void_tokens(self, user: User, *, but: Collection[str] = ()) -> None:
        """Use up the open tokens of a user, except those that went to one of the addresses `but`."""
        tokens = SINGLE_USE_TOKENS.c
        still_open = (tokens.user_id == user.user_id, tokens.used_at.is_(None), tokens.subject.not_in(but))
        self._connection.execute(update(SINGLE_USE_TOKENS).where(*still_open).values(used_at=user.updated_at))

    def _set_roles(self, user_id: int, names: Collection[str]) -> None:
        if names:
            ids = self._connection.execute(select(ROLES.c.role_id).where(ROLES.c.role_name.in_(names))).scalars()
            self._connection.execute(insert(USER_ROLES), [{"user_id": user_id, "role_id": role_id} for role_id in ids])

    def _refuse_duplicates(self, values: Mapping[str, object], *, but: int) -> None:
        """Name the field that is taken; the unique constraints behind it decide what two transactions race for."""
        for column, field in UNIQUE.items():
            value = values.get(column)
            taken = select(USERS.c.user_id).where(USERS.c[column] == value, USERS.c.user_id != but)
            if value is not None and self._connection.execute(taken).first():
                raise Duplicate(field)


_administrators = (
    select(func.count()).select_from(USERS.join(USER_ROLES).join(ROLES)).where(ROLES.c.role_name == ADMINISTRATOR)
)
