"""Runs of jobs, schedules, mails, and what every service has: outbox, leases, idempotency keys.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_schedules()
    _create_runs()
    _create_details_of_runs()
    _create_mails()
    _create_outbox()
    _create_coordination()


def downgrade() -> None:
    for table in ("idempotency_keys", "leases", "outbox", "mails", "log_lines", "attempts", "runs", "schedules"):
        op.drop_table(table)


def _create_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("schedule_id", BigId, nullable=False, comment="id of the schedule, never used again"),
        sa.Column("schedule_name", BinaryText(64), nullable=False, comment="unique name, for people"),
        sa.Column("job_name", BinaryText(64), nullable=False, comment="which job"),
        sa.Column("cron", BinaryText(128), nullable=False, comment="five fields: minute hour day month weekday"),
        sa.Column("time_zone", BinaryText(64), nullable=False, comment="IANA name that the fields are read in"),
        sa.Column("arguments", LongText, nullable=False, comment="JSON object that each run gets"),
        sa.Column("schedule_state", sa.String(8), nullable=False, comment="active, or inactive: paused"),
        sa.Column("declared", sa.Boolean, nullable=False, comment="made by the code, which makes it anew if deleted"),
        sa.Column("next_at", UtcDateTime, comment="the slot to come; null: none"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the row was made, UTC"),
        sa.Column("created_by", BigId, comment="user id of its maker, null: Signet"),
        sa.Column("updated_at", UtcDateTime, nullable=False, comment="when it last changed, UTC"),
        sa.Column("updated_by", BigId, comment="user id of who changed it"),
        sa.Column("version", sa.Integer, nullable=False, comment="raised by every change, from 1"),
        sa.CheckConstraint("schedule_state IN ('active', 'inactive')", name="ck_schedules_state"),
        sa.PrimaryKeyConstraint("schedule_id"),
        sa.UniqueConstraint("schedule_name"),
        comment="when which job runs",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_schedules_job", "schedules", ["job_name"])
    op.create_index("ix_schedules_next_at", "schedules", ["next_at"])


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", BigId, nullable=False, comment="id of the run, never used again"),
        sa.Column("job_name", BinaryText(64), nullable=False, comment="which job"),
        sa.Column("run_state", sa.String(12), nullable=False, comment="waiting, running, or how it ended"),
        sa.Column("schedule_id", BigId, comment="whose slot it is; null: asked for by somebody"),
        sa.Column("scheduled_at", UtcDateTime, comment="the slot, UTC"),
        sa.Column("arguments", LongText, nullable=False, comment="JSON object"),
        sa.Column("wake_at", UtcDateTime, nullable=False, comment="when a worker is to be told (again) that it waits"),
        sa.Column("attempts", sa.Integer, nullable=False, comment="attempts that have begun"),
        sa.Column("max_attempts", sa.Integer, nullable=False, comment="attempts that it has"),
        sa.Column("worker", BinaryText(128), comment="who runs it, or ran it last"),
        sa.Column("beats", sa.Integer, nullable=False, comment="raised by the worker while it lives"),
        sa.Column("cancel_asked", sa.Boolean, nullable=False, comment="somebody wants it to end"),
        sa.Column("result", LongText, comment="JSON object that the job returned"),
        sa.Column("error", LongText, comment="why it ended as it did"),
        sa.Column("trace_id", sa.String(32), comment="trace of the last attempt"),
        sa.Column("retry_of", BigId, comment="the ended run that it repeats"),
        sa.Column("requested_by_name", BinaryText(128), nullable=False, comment="name of who asked; empty: a slot"),
        sa.Column("started_at", UtcDateTime, comment="when its first attempt began"),
        sa.Column("ended_at", UtcDateTime, comment="when it ended"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the row was made, UTC"),
        sa.Column("created_by", BigId, comment="user id of its maker, null: Signet"),
        sa.Column("version", sa.Integer, nullable=False, comment="raised by every change, from 1"),
        sa.CheckConstraint(
            "run_state IN ('waiting', 'running', 'succeeded', 'failed', 'cancelled', 'skipped', 'interrupted')",
            name="ck_runs_state",
        ),
        sa.PrimaryKeyConstraint("run_id"),
        sa.UniqueConstraint("schedule_id", "scheduled_at", name="uq_runs_slot"),
        comment="runs of jobs; the row is the truth, a message only wakes a worker",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_active", "runs", ["job_name", "run_state"])
    op.create_index("ix_runs_ended_at", "runs", ["ended_at"])
    op.create_index("ix_runs_job", "runs", ["job_name", "run_id"])
    op.create_index("ix_runs_wake", "runs", ["run_state", "wake_at"])


def _create_details_of_runs() -> None:
    op.create_table(
        "attempts",
        sa.Column("run_id", BigId, nullable=False, comment="the run"),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False, comment="number, from 1"),
        sa.Column("worker", BinaryText(128), nullable=False, comment="host, process and its start"),
        sa.Column("started_at", UtcDateTime, nullable=False, comment="when it began"),
        sa.Column("ended_at", UtcDateTime, comment="when it ended; null: under way"),
        sa.Column("outcome", sa.String(12), comment="how it ended; null: under way"),
        sa.Column("error", LongText, comment="why it ended so"),
        sa.CheckConstraint(
            "outcome IN ('succeeded', 'failed', 'timed_out', 'cancelled', 'handed_back', 'interrupted')",
            name="ck_attempts_outcome",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "attempt"),
        comment="attempts of runs",
    )
    op.create_table(
        "log_lines",
        sa.Column("run_id", BigId, nullable=False, comment="the run"),
        sa.Column("line", sa.Integer, autoincrement=False, nullable=False, comment="number, from 1"),
        sa.Column("attempt", sa.Integer, nullable=False, comment="which attempt logged it"),
        sa.Column("logged_at", UtcDateTime, nullable=False, comment="when"),
        sa.Column("level", sa.String(8), nullable=False, comment="DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        sa.Column("text", LongText, nullable=False, comment="what, cut to a bounded length"),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.run_id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "line"),
        comment="what runs logged, a bounded number of lines each",
    )


def _create_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("mail_id", BigId, nullable=False, comment="id of the mail, never used again"),
        sa.Column("command_id", BinaryText(64), comment="the command that asked for it"),
        sa.Column("to_address", BinaryText(320), nullable=False, comment="whom it goes to"),
        sa.Column("template", BinaryText(64), nullable=False, comment="which template"),
        sa.Column("language", sa.String(8), nullable=False, comment="en or zh"),
        sa.Column("mail_state", sa.String(8), nullable=False, comment="waiting, or what became of it"),
        sa.Column("content", LongText, comment="values, sealed under the keyring; null once over"),
        sa.Column("reply", BinaryText(500), comment="last answer of the mail server"),
        sa.Column("attempts", sa.Integer, nullable=False, comment="deliveries that were tried"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="from then on it is of no use"),
        sa.Column("sent_at", UtcDateTime, comment="when the mail server took it"),
        sa.Column("run_id", BigId, comment="the run that sends it"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the row was made, UTC"),
        sa.Column("created_by", BigId, comment="user id of its maker, null: Signet"),
        sa.Column("version", sa.Integer, nullable=False, comment="raised by every change, from 1"),
        sa.CheckConstraint("mail_state IN ('waiting', 'sent', 'refused', 'failed', 'expired')", name="ck_mails_state"),
        sa.PrimaryKeyConstraint("mail_id"),
        sa.UniqueConstraint("command_id"),
        comment="mails, and what became of them",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mails_expires_at", "mails", ["expires_at"])
    op.create_index("ix_mails_recipient", "mails", ["to_address", "created_at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.String(36), nullable=False, comment="time-ordered UUID of the event"),
        sa.Column("routing_key", sa.String(128), nullable=False, comment="service.resource.operation"),
        sa.Column("resource", sa.String(64), nullable=False, comment="kind of the object"),
        sa.Column("object_id", BinaryText(64), nullable=False, comment="id of the object as text, empty: none"),
        sa.Column("object_version", sa.Integer, comment="version that the change made; null: none"),
        sa.Column("body", LongText, nullable=False, comment="CloudEvents 1.0 JSON"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the event was written"),
        sa.Column("sent_at", UtcDateTime, comment="when the bus confirmed it; null: it waits"),
        sa.PrimaryKeyConstraint("event_id"),
        sa.UniqueConstraint("resource", "object_id", "object_version", name="uq_outbox_object_version"),
        comment="events that leave, or have left, with the change that made them",
    )
    op.create_index("ix_outbox_waiting", "outbox", ["sent_at", "event_id"])


def _create_coordination() -> None:
    op.create_table(
        "leases",
        sa.Column("lease_name", sa.String(64), nullable=False, comment="the role that one holder has"),
        sa.Column("holder", BinaryText(128), nullable=False, comment="who has it"),
        sa.Column("expires_at", UtcDateTime, nullable=False, comment="when it is free again unless renewed"),
        sa.PrimaryKeyConstraint("lease_name"),
        comment="roles that one process at a time may have",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", BigId, autoincrement=False, nullable=False, comment="who sent the request"),
        sa.Column("operation", sa.String(64), nullable=False, comment="permission that it used"),
        sa.Column("idempotency_key", BinaryText(255), nullable=False, comment="the client's key"),
        sa.Column("request_sha256", sa.String(64), nullable=False, comment="what was asked, to notice another request"),
        sa.Column("answer", LongText, comment="JSON of the first answer; null: it held a secret"),
        sa.Column("created_at", UtcDateTime, nullable=False, comment="when the key was first used"),
        sa.PrimaryKeyConstraint("user_id", "operation", "idempotency_key"),
        comment="first answers of requests that may be repeated, kept 24 hours",
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
