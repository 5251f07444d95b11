"""Identity's tables. The row classes serve migrations and names; queries run on their `__table__` with Core."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime
from signet_common.sql.commands import commands_table
from signet_common.sql.idempotency import idempotency_table
from signet_common.sql.leases import leases_table
from signet_common.sql.mixins import CreationMixin, UpdationMixin, VersionMixin
from signet_common.sql.outbox import outbox_table


class Tables(DeclarativeBase):
    """The service's own metadata."""

    metadata = MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"})


class UserRow(CreationMixin, UpdationMixin, VersionMixin, Tables):
    """An account."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_user_name_key", "user_name_key", unique=True),
        {"comment": "people and machines with an account", "sqlite_autoincrement": True},
    )

    user_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id, never used again")
    user_name: Mapped[str] = mapped_column(BinaryText(64), unique=True, comment="login, neither address nor number")
    email: Mapped[str | None] = mapped_column(BinaryText(254), unique=True, comment="e-mail address, also a login")
    phone: Mapped[str | None] = mapped_column(BinaryText(32), unique=True, comment="phone number, also a login")
    display_name: Mapped[str | None] = mapped_column(BinaryText(128), comment="what people call them")
    user_state: Mapped[str] = mapped_column(String(16), comment="active or inactive")
    password_hash: Mapped[str | None] = mapped_column(String(255), comment="argon2id; null: no sign-in by password")
    email_confirmed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="when its owner proved to read the e-mail address, UTC; null: not"
    )
    password_changed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="when the password was last set, UTC; null: at creation or never"
    )
    pending_email: Mapped[str | None] = mapped_column(
        BinaryText(254), comment="address that the user asked for and has not confirmed; null: none"
    )
    user_name_key: Mapped[str | None] = mapped_column(
        BinaryText(255), comment="name as it is compared for being taken; null: an older account has it"
    )


class RoleRow(CreationMixin, UpdationMixin, VersionMixin, Tables):
    """A role."""

    __tablename__ = "roles"
    __table_args__ = ({"comment": "named bundles of permissions", "sqlite_autoincrement": True},)

    role_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id, never used again")
    role_name: Mapped[str] = mapped_column(BinaryText(64), unique=True, comment="name, as users hold it")
    description: Mapped[str] = mapped_column(BinaryText(255), comment="what it is for")


class RolePermissionRow(Tables):
    """One permission of a role."""

    __tablename__ = "role_permissions"
    __table_args__ = ({"comment": "what a role permits"},)

    role_id: Mapped[int] = mapped_column(BigId, ForeignKey("roles.role_id"), primary_key=True, comment="the role")
    permission: Mapped[str] = mapped_column(BinaryText(128), primary_key=True, comment="resource:operation; *:* is all")
    scope: Mapped[str] = mapped_column(String(8), comment="own or any")


class UserRoleRow(Tables):
    """One role of a user."""

    __tablename__ = "user_roles"
    __table_args__ = (
        Index("ix_user_roles_role_id", "role_id"),
        {"comment": "which roles a user holds"},
    )

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.user_id"), primary_key=True, comment="the holder")
    role_id: Mapped[int] = mapped_column(BigId, ForeignKey("roles.role_id"), primary_key=True, comment="the role")


class ApiKeyRow(CreationMixin, UpdationMixin, VersionMixin, Tables):
    """An API key."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("ix_api_keys_user_id", "user_id"),
        Index("ix_api_keys_expires_at", "expires_at"),
        Index("uq_api_keys_user_id_key_name", "user_id", "key_name", unique=True),
        {"comment": "keys that requests are signed with", "sqlite_autoincrement": True},
    )

    api_key_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id, never used again")
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.user_id"), comment="for whom it speaks")
    api_key: Mapped[str] = mapped_column(BinaryText(64), unique=True, comment="its public name")
    secret: Mapped[str] = mapped_column(String(255), comment="secret, encrypted under the keyring")
    description: Mapped[str | None] = mapped_column(BinaryText(128), comment="what its owner made it for")
    api_key_state: Mapped[str] = mapped_column(String(16), comment="active or inactive (revoked)")
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when it ends, UTC; null: never")
    key_name: Mapped[str | None] = mapped_column(BinaryText(64), comment="what its owner calls it, once per user")
    permissions: Mapped[str | None] = mapped_column(
        LongText, comment="JSON list of the permissions that it is limited to; null: all of its user's"
    )
    last_used_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="when it last signed, UTC, to the minute; null: never"
    )
    reminded_of: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="end of which its owner was reminded last, UTC; null: of none"
    )


class SessionRow(Tables):
    """A session; signing out removes the row."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_expires_at", "expires_at"),
        {"comment": "signed-in users", "sqlite_autoincrement": True},
    )

    session_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id, never used again")
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.user_id"), comment="who signed in")
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True, comment="hex SHA-256 of the token")
    secret: Mapped[str] = mapped_column(String(255), comment="secret, encrypted under the keyring")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when the user signed in, UTC")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it ends, UTC")
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it last signed, UTC, to the minute")
    idle_expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it ends, UTC, unless used before")
    client_ip: Mapped[str | None] = mapped_column(String(45), comment="address that signed in")


class SignInThrottleRow(Tables):
    """What is remembered of attempts to sign in; a key is no row's id, so that unknown logins look like known ones."""

    __tablename__ = "sign_in_throttles"
    __table_args__ = (
        Index("ix_sign_in_throttles_forget_at", "forget_at"),
        {"comment": "recent attempts to sign in, by login, by address, and by both"},
    )

    throttle_key: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="hex HMAC-SHA256 of login, address, or both"
    )
    failures: Mapped[int] = mapped_column(Integer, comment="failed attempts in a row")
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="no attempt before, UTC; null: free")
    admitted_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="from when one attempt passes the block of its login, UTC; null: none waits"
    )
    succeeded_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="when the login last succeeded from the address, UTC; null: not lately"
    )
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when the row means nothing any more, UTC")


class SingleUseTokenRow(Tables):
    """A token that was mailed to somebody."""

    __tablename__ = "single_use_tokens"
    __table_args__ = (
        Index("ix_single_use_tokens_user_id", "user_id"),
        Index("ix_single_use_tokens_expires_at", "expires_at"),
        {"comment": "tokens that prove a mailbox, once", "sqlite_autoincrement": True},
    )

    token_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id, never used again")
    user_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("users.user_id"), comment="for whom it was made; null: nobody"
    )
    purpose: Mapped[str] = mapped_column(String(32), comment="password_reset or email_confirmation")
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True, comment="hex SHA-256 of the token")
    subject: Mapped[str] = mapped_column(BinaryText(254), comment="e-mail address that it was sent to")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it ends, UTC")
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when it was used, UTC; null: not yet")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it was made, UTC")


USERS = Tables.metadata.tables[UserRow.__tablename__]
ROLES = Tables.metadata.tables[RoleRow.__tablename__]
ROLE_PERMISSIONS = Tables.metadata.tables[RolePermissionRow.__tablename__]
USER_ROLES = Tables.metadata.tables[UserRoleRow.__tablename__]
API_KEYS = Tables.metadata.tables[ApiKeyRow.__tablename__]
SESSIONS = Tables.metadata.tables[SessionRow.__tablename__]
SIGN_IN_THROTTLES = Tables.metadata.tables[SignInThrottleRow.__tablename__]
SINGLE_USE_TOKENS = Tables.metadata.tables[SingleUseTokenRow.__tablename__]
OUTBOX = outbox_table(Tables.metadata)
IDEMPOTENCY_KEYS = idempotency_table(Tables.metadata)
LEASES = leases_table(Tables.metadata)
COMMANDS = commands_table(Tables.metadata)
