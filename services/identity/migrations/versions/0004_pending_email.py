"""An e-mail address that its user asked for waits until it is confirmed.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BinaryText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "address that the user asked for and has not confirmed; null: none"
    op.add_column("users", sa.Column("pending_email", BinaryText(254), comment=comment))


def downgrade() -> None:
    op.drop_column("users", "pending_email")
