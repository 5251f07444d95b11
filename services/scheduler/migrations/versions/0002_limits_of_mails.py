"""Mails keep the address as it was given, and limits count mailboxes and senders.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BinaryText

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "the mailbox, as limits and lists know it"
    op.add_column("mails", sa.Column("limit_key", BinaryText(320), comment=comment))
    mails = sa.table("mails", sa.column("limit_key", BinaryText(320)), sa.column("to_address", BinaryText(320)))
    # Addresses were stored in the form that limits knew; tags in them matter to nobody after an hour.
    op.execute(mails.update().values(limit_key=mails.c.to_address))
    op.create_index("ix_mails_limits", "mails", ["limit_key", "created_at"])
    op.create_index("ix_mails_sender", "mails", ["created_by", "created_at"])
    op.drop_index("ix_mails_recipient", "mails")


def downgrade() -> None:
    op.create_index("ix_mails_recipient", "mails", ["to_address", "created_at"])
    op.drop_index("ix_mails_sender", "mails")
    op.drop_index("ix_mails_limits", "mails")
    op.drop_column("mails", "limit_key")
