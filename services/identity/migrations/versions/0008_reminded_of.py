"""Of which end of an API key its owner was reminded, and an index to find the keys that end soon.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "end of which its owner was reminded last, UTC; null: of none"
    op.add_column("api_keys", sa.Column("reminded_of", UtcDateTime, comment=comment))
    op.create_index("ix_api_keys_expires_at", "api_keys", ["expires_at"])


def downgrade() -> None:
    op.drop_index("ix_api_keys_expires_at", "api_keys")
    op.drop_column("api_keys", "reminded_of")
