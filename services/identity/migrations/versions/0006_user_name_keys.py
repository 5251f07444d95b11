"""User names that differ in the case of their letters alone have one owner.

Of those that are there already the oldest account keeps the name for itself; the others stay as they are, keyless.

Revision ID: 0006
Revises: 0005
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BigId, BinaryText

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_USERS = sa.table(
    "users",
    sa.column("user_id", BigId),
    sa.column("user_name", BinaryText(64)),
    sa.column("user_name_key", BinaryText(255)),
)


def upgrade() -> None:
    comment = "name as it is compared for being taken; null: an older account has it"
    op.add_column("users", sa.Column("user_name_key", BinaryText(255), comment=comment))
    taken = set()
    for user in op.get_bind().execute(sa.select(_USERS).order_by(_USERS.c.user_id)).all():
        key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", user.user_name).casefold())
        if key not in taken:
            op.execute(_USERS.update().where(_USERS.c.user_id == user.user_id).values(user_name_key=key))
        taken.add(key)
    op.create_index("uq_users_user_name_key", "users", ["user_name_key"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_users_user_name_key", "users")
    op.drop_column("users", "user_name_key")
