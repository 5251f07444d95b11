"""Named and limited API keys, idle sessions, throttled sign-ins, mailed tokens, commands, roles with a history.

Revision ID: 0002
Revises: 0001
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EPOCH = "1970-01-01 00:00:00"
"""What rows that are there get at first. SQLite adds no column without a constant for them, nor drops that later."""


def upgrade() -> None:
    op.add_column("users", sa.Column("email_confirmed_at", UtcDateTime, comment=_EMAIL_CONFIRMED))
    op.add_column("users", sa.Column("password_changed_at", UtcDateTime, comment=_PASSWORD_CHANGED))
    _extend_roles()
    _extend_api_keys()
    _extend_sessions()
    _create_throttles()
    _create_tokens()
    _create_commands()


def downgrade() -> None:
    for table in ("commands", "single_use_tokens", "sign_in_throttles"):
        op.drop_table(table)
    op.drop_index("uq_api_keys_user_id_key_name", "api_keys")
    for table, columns in (
        ("sessions", ("client_ip", "idle_expires_at", "last_used_at")),
        ("api_keys", ("last_used_at", "permissions", "key_name")),
        ("roles", ("version", "updated_by", "updated_at", "created_by", "created_at")),
        ("users", ("password_changed_at", "email_confirmed_at")),
    ):
        for column in columns:
            op.drop_column(table, column)


_EMAIL_CONFIRMED = "when its owner proved to read the e-mail address, UTC; null: not"
_PASSWORD_CHANGED = "when the password was last set, UTC; null: at creation or never"  # noqa: S105 - a comment


def _extend_roles() -> None:
    _add_time("roles", "created_at", "when the row was made, UTC")
    op.add_column("roles", sa.Column("created_by", BigId, comment="user id of its maker, null: Signet"))
    _add_time("roles", "updated_at", "when it last changed, UTC")
    op.add_column("roles", sa.Column("updated_by", BigId, comment="user id of who changed it"))
    version = sa.Column(
        "version", sa.Integer, nullable=False, server_default="1", comment="raised by every change, from 1"
    )
    op.add_column("roles", version)
    _drop_default("roles", "version", sa.Integer(), "raised by every change, from 1")
    roles = sa.table("roles", sa.column("created_at", UtcDateTime), sa.column("updated_at", UtcDateTime))
    now = datetime.now(UTC)
    op.execute(roles.update().values(created_at=now, updated_at=now))


def _extend_api_keys() -> None:
    op.add_column("api_keys", sa.Column("key_name", BinaryText(64), comment="what its owner calls it, once per user"))
    limits = "JSON list of the permissions that it is limited to; null: all of its user's"
    op.add_column("api_keys", sa.Column("permissions", LongText, comment=limits))
    used = "when it last signed, UTC, to the minute; null: never"
    op.add_column("api_keys", sa.Column("last_used_at", UtcDateTime, comment=used))
    op.create_index("uq_api_keys_user_id_key_name", "api_keys", ["user_id", "key_name"], unique=True)


def _extend_sessions() -> None:
    _add_time("sessions", "last_used_at", "when it last signed, UTC, to the minute")
    _add_time("sessions", "idle_expires_at", "when it ends, UTC, unless used before")
    op.add_column("sessions", sa.Column("client_ip", sa.String(45), comment="address that signed in"))
    times = ("created_at", "expires_at", "last_used_at", "idle_expires_at")
    sessions = sa.table("sessions", *(sa.column(name, UtcDateTime) for name in times))
    lasting = {"last_used_at": sessions.c.created_at, "idle_expires_at": sessions.c.expires_at}
    op.execute(sessions.update().values(lasting))


def _create_throttles() -> None:
    waits = "from when one attempt passes the block of its login, UTC; null: none waits"
    works = "when the login last succeeded from the address, UTC; null: not lately"
    op.create_table(
        "sign_in_throttles",
        sa.Column(
            "throttle_key", sa.String(64), primary_key=True, comment="hex HMAC-SHA256 of login, address, or both"
        ),
        sa.Column("failures", sa.Integer, nullable=False, comment="failed attempts in a row"),
        sa.Column("blocked_until", UtcDateTime, comment="no attempt before, UTC; null: free"),
        sa.Column("admitted_at", UtcDateTime, comment=waits),
        sa.Column("succeeded_at", UtcDateTime, comment=works),
        sa.Column("forget_at", UtcDateTime, nullable=False, comment="when the row means nothing any more, UTC"),
        sa.Index("ix_sign_in_throttles_forget_at", "forget_at"),
        comment="recent attempts to sign in, by login, by address, and by both",
    )


def _create_tokens() -> None:
    op.create_table(
        "single_use_tokens",
        sa.Column("token_id", BigId, primary_key=True, comment="id, never used again"),
        sa.Column("user_id", BigId, sa.ForeignKey("users.user_id"), comment="for whom it was made; null: nobody"),
        sa.Column("purpose", sa.String(32), nullable=False, comment="password_reset or email_confirmation"),
        sa.Column("token_sha256", sa.String(64), nullable=False, comment="hex SHA-256 of the token"),
        sa.Column("subject", BinaryText(254), nullable=False, comment="e-mail address that it was sent to"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="when it ends, UTC"),
        sa.Column("used_at", UtcDateTime, comment="when it was used, UTC; null: not yet"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when it was made, UTC"),
        sa.UniqueConstraint("token_sha256", name="uq_single_use_tokens_token_sha256"),
        sa.Index("ix_single_use_tokens_user_id", "user_id"),
        sa.Index("ix_single_use_tokens_expires_at", "expires_at"),
        comment="tokens that prove a mailbox, once",
        sqlite_autoincrement=True,
    )


def _create_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("command_id", sa.String(36), primary_key=True, comment="time-ordered UUID of the command"),
        sa.Column("name", sa.String(64), nullable=False, comment="what to do, as mail.send"),
        sa.Column("body", LongText, nullable=False, comment="JSON of what it takes to do it"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="when it is of no use any more, and goes unsent"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the command was written"),
        comment="commands that the bus has not confirmed yet",
    )


def _add_time(table: str, name: str, comment: str) -> None:
    op.add_column(table, sa.Column(name, UtcDateTime, nullable=False, server_default=EPOCH, comment=comment))
    _drop_default(table, name, UtcDateTime(), comment)


def _drop_default(table: str, name: str, kind: sa.types.TypeEngine[object], comment: str) -> None:
    if op.get_context().dialect.name != "sqlite":
        op.alter_column(
            table,
            name,
            server_default=None,
            existing_type=kind,
            existing_nullable=False,
            existing_comment=comment,
        )
