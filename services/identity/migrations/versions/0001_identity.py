"""Users, roles, API keys, sessions, and what every service carries beside its own tables.

Revision ID: 0001
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_users()
    _create_roles()
    _create_credentials()
    _create_events()
    _create_coordination()


def downgrade() -> None:
    tables = ("user_roles", "role_permissions", "sessions", "api_keys", "users", "roles")
    for table in (*tables, "outbox", "leases", "idempotency_keys"):
        op.drop_table(table)


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", BigId, primary_key=True, comment="id, never used again"),
        sa.Column("user_name", BinaryText(64), nullable=False, comment="login, neither address nor number"),
        sa.Column("email", BinaryText(254), comment="e-mail address, also a login"),
        sa.Column("phone", BinaryText(32), comment="phone number, also a login"),
        sa.Column("display_name", BinaryText(128), comment="what people call them"),
        sa.Column("user_state", sa.String(16), nullable=False, comment="active or inactive"),
        sa.Column("password_hash", sa.String(255), comment="argon2id; null: no sign-in by password"),
        *_who_and_when(),
        sa.UniqueConstraint("user_name", name="uq_users_user_name"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("phone", name="uq_users_phone"),
        comment="people and machines with an account",
        sqlite_autoincrement=True,
    )


def _create_roles() -> None:
    op.create_table(
        "roles",
        sa.Column("role_id", BigId, primary_key=True, comment="id, never used again"),
        sa.Column("role_name", BinaryText(64), nullable=False, comment="name, as users hold it"),
        sa.Column("description", BinaryText(255), nullable=False, comment="what it is for"),
        sa.UniqueConstraint("role_name", name="uq_roles_role_name"),
        comment="named bundles of permissions",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "role_permissions",
        sa.Column("role_id", BigId, sa.ForeignKey("roles.role_id"), primary_key=True, comment="the role"),
        sa.Column("permission", BinaryText(128), primary_key=True, comment="resource:operation; *:* is all"),
        sa.Column("scope", sa.String(8), nullable=False, comment="own or any"),
        comment="what a role permits",
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", BigId, sa.ForeignKey("users.user_id"), primary_key=True, comment="the holder"),
        sa.Column("role_id", BigId, sa.ForeignKey("roles.role_id"), primary_key=True, comment="the role"),
        sa.Index("ix_user_roles_role_id", "role_id"),
        comment="which roles a user holds",
    )


def _create_credentials() -> None:
    op.create_table(
        "api_keys",
        sa.Column("api_key_id", BigId, primary_key=True, comment="id, never used again"),
        sa.Column("user_id", BigId, sa.ForeignKey("users.user_id"), nullable=False, comment="for whom it speaks"),
        sa.Column("api_key", BinaryText(64), nullable=False, comment="its public name"),
        sa.Column("secret", sa.String(255), nullable=False, comment="secret, encrypted under the keyring"),
        sa.Column("description", BinaryText(128), comment="what its owner made it for"),
        sa.Column("api_key_state", sa.String(16), nullable=False, comment="active or inactive (revoked)"),
        sa.Column("expires_at", UtcDateTime, comment="when it ends, UTC; null: never"),
        *_who_and_when(),
        sa.UniqueConstraint("api_key", name="uq_api_keys_api_key"),
        sa.Index("ix_api_keys_user_id", "user_id"),
        comment="keys that requests are signed with",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", BigId, primary_key=True, comment="id, never used again"),
        sa.Column("user_id", BigId, sa.ForeignKey("users.user_id"), nullable=False, comment="who signed in"),
        sa.Column("token_sha256", sa.String(64), nullable=False, comment="hex SHA-256 of the token"),
        sa.Column("secret", sa.String(255), nullable=False, comment="secret, encrypted under the keyring"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the user signed in, UTC"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="when it ends, UTC"),
        sa.UniqueConstraint("token_sha256", name="uq_sessions_token_sha256"),
        sa.Index("ix_sessions_user_id", "user_id"),
        sa.Index("ix_sessions_expires_at", "expires_at"),
        comment="signed-in users",
        sqlite_autoincrement=True,
    )


def _create_events() -> None:
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.String(36), primary_key=True, comment="time-ordered UUID of the event"),
        sa.Column("routing_key", sa.String(128), nullable=False, comment="service.resource.operation"),
        sa.Column("resource", sa.String(64), nullable=False, comment="kind of the object"),
        sa.Column("object_id", BinaryText(64), nullable=False, comment="id of the object as text, empty: none"),
        sa.Column("object_version", sa.Integer, comment="version that the change made; null: none"),
        sa.Column("body", LongText, nullable=False, comment="CloudEvents 1.0 JSON"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the event was written"),
        sa.Column("sent_at", UtcDateTime, comment="when the bus confirmed it; null: it waits"),
        sa.UniqueConstraint("resource", "object_id", "object_version", name="uq_outbox_object_version"),
        sa.Index("ix_outbox_waiting", "sent_at", "event_id"),
        comment="events that leave, or have left, with the change that made them",
    )


def _create_coordination() -> None:
    op.create_table(
        "leases",
        sa.Column("lease_name", sa.String(64), primary_key=True, comment="the role that one holder has"),
        sa.Column("holder", BinaryText(128), nullable=False, comment="who has it"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="when it is free again unless renewed"),
        comment="roles that one process at a time may have",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", BigId, primary_key=True, autoincrement=False, comment="who sent the request"),
        sa.Column("operation", sa.String(64), primary_key=True, comment="permission that it used"),
        sa.Column("idempotency_key", BinaryText(255), primary_key=True, comment="the client's key"),
        sa.Column("request_sha256", sa.String(64), nullable=False, comment="what was asked, to notice another request"),
        sa.Column("answer", LongText, comment="JSON of the first answer; null: it held a secret"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the key was first used"),
        comment="first answers of requests that may be repeated, kept 24 hours",
    )


def _who_and_when() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the row was made, UTC"),
        sa.Column("created_by", BigId, comment="user id of its maker, null: Signet"),
        sa.Column("updated_at", UtcDateTime, nullable=False, comment="when it last changed, UTC"),
        sa.Column("updated_by", BigId, comment="user id of who changed it"),
        sa.Column("version", sa.Integer, nullable=False, comment="raised by every change, from 1"),
    ]
