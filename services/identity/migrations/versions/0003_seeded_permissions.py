"""What the seeded roles of older installations lack: permissions that came after their first run.

The administrator's role holds everything, whatever happened to it. The others get what is missing unless somebody has
changed them: roles can be changed only since all of these permissions exist, so whoever did it has decided about each.

Revision ID: 0003
Revises: 0002
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BigId, BinaryText, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

EVERYTHING = "*:*"
OWN_ACCOUNT = (
    "user:query",
    "user:update",
    "password:update",
    "email_confirmation:create",
    "session:query",
    "session:delete",
    "api_key:create",
    "api_key:query",
    "api_key:update",
    "api_key:delete",
    "access:query",
)
DEMOS = ("demo:create", "demo:query", "demo:update", "demo:delete")
READ_ALL = ("record:query", "demo:query", "role:query", "user:query", "api_key:query", "access:query")
SEEDED = {
    "operator": dict.fromkeys(OWN_ACCOUNT, "own") | dict.fromkeys(DEMOS, "any"),
    "auditor": dict.fromkeys(OWN_ACCOUNT, "own") | dict.fromkeys(READ_ALL, "any"),
    "user": dict.fromkeys((*OWN_ACCOUNT, *DEMOS), "own"),
}

_ROLES = sa.table(
    "roles",
    sa.column("role_id", BigId),
    sa.column("role_name", BinaryText(64)),
    sa.column("version", sa.Integer),
    sa.column("updated_at", UtcDateTime),
    sa.column("updated_by", BigId),
)
_PERMISSIONS = sa.table(
    "role_permissions",
    sa.column("role_id", BigId),
    sa.column("permission", BinaryText(128)),
    sa.column("scope", sa.String(8)),
)


def upgrade() -> None:
    for role in op.get_bind().execute(sa.select(_ROLES)).all():
        if role.role_name == "administrator":
            _grant(role.role_id, {EVERYTHING: "any"}, again=True)
        elif role.updated_by is None:
            _grant(role.role_id, SEEDED.get(role.role_name, {}))


def downgrade() -> None:
    """Leave the permissions: the program before this one seeds the same."""


def _grant(role_id: int, wanted: dict[str, str], *, again: bool = False) -> None:
    """Add what the role does not hold; with `again` also what it holds in another scope."""
    of_role = _PERMISSIONS.c.role_id == role_id
    rows = op.get_bind().execute(sa.select(_PERMISSIONS).where(of_role)).all()
    held = {row.permission: row.scope for row in rows}
    missing = {name: scope for name, scope in wanted.items() if name not in held or (again and held[name] != scope)}
    if not missing:
        return
    op.execute(sa.delete(_PERMISSIONS).where(of_role, _PERMISSIONS.c.permission.in_(missing)))
    rows_to_add = [{"role_id": role_id, "permission": name, "scope": scope} for name, scope in missing.items()]
    op.bulk_insert(_PERMISSIONS, rows_to_add)
    changed = {"version": _ROLES.c.version + 1, "updated_at": datetime.now(UTC)}
    op.execute(_ROLES.update().where(_ROLES.c.role_id == role_id).values(changed))
