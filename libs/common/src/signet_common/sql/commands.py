"""Commands on their way to the bus: written with the change that asks for them, erased once the bus has them."""

from sqlalchemy import Column, MetaData, String, Table

from signet_common.sql.columns import LongText, UtcDateTime


def commands_table(metadata: MetaData) -> Table:
    """Declare the waiting commands of one service. A body may hold a secret: no row outlives its confirmation."""
    return Table(
        "commands",
        metadata,
        Column("command_id", String(36), primary_key=True, comment="time-ordered UUID of the command"),
        Column("name", String(64), nullable=False, comment="what to do, as mail.send"),
        Column("body", LongText, nullable=False, comment="JSON of what it takes to do it"),
        Column("created_at", UtcDateTime, nullable=False, comment="when the command was written"),
        comment="commands that the bus has not confirmed yet",
    )
