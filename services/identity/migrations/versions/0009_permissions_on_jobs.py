"""What the seeded roles of older installations lack since there are jobs.

The administrator's role holds everything already. The others get what is missing unless somebody has changed them:
whoever did it decides about jobs as well, and until then nobody has gained anything.

Revision ID: 0009
Revises: 0008
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BigId, BinaryText, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

QUERIES = ("job:query", "run:query", "schedule:query", "mail:query")
CHANGES = (
    "job:run",
    "run:cancel",
    "run:retry",
    "schedule:create",
    "schedule:update",
    "schedule:delete",
    "mail:create",
)
SEEDED = {"operator": dict.fromkeys(QUERIES + CHANGES, "any"), "auditor": dict.fromkeys(QUERIES, "any")}

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
    unchanged = sa.select(_ROLES).where(_ROLES.c.role_name.in_(SEEDED), _ROLES.c.updated_by.is_(None))
    for role in op.get_bind().execute(unchanged).all():
        of_role = _PERMISSIONS.c.role_id == role.role_id
        held = set(op.get_bind().scalars(sa.select(_PERMISSIONS.c.permission).where(of_role)))
        missing = {name: scope for name, scope in SEEDED[role.role_name].items() if name not in held}
        if missing:
            rows = [{"role_id": role.role_id, "permission": name, "scope": scope} for name, scope in missing.items()]
            op.bulk_insert(_PERMISSIONS, rows)
            changed = {"version": _ROLES.c.version + 1, "updated_at": datetime.now(UTC)}
            op.execute(_ROLES.update().where(_ROLES.c.role_id == role.role_id).values(changed))


def downgrade() -> None:
    """Leave the permissions: no contract asks for them, so they open nothing."""
