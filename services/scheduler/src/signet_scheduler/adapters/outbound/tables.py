"""The tables of this service. Row classes are for reading the schema; the work is done on their `__table__`."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from signet_common.sql.columns import BigId, BinaryText, LongText, UtcDateTime
from signet_common.sql.idempotency import idempotency_table
from signet_common.sql.leases import leases_table
from signet_common.sql.mixins import CreationMixin, UpdationMixin, VersionMixin
from signet_common.sql.outbox import outbox_table
from signet_common.sql.stored_secrets import SecretColumn
from signet_scheduler.domain.runs import ATTEMPT_OUTCOMES, RUN_STATES


class Row(DeclarativeBase):
    """The root of this service's rows."""


class ScheduleRow(CreationMixin, UpdationMixin, VersionMixin, Row):
    """One schedule of a job."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("schedule_state IN ('active', 'inactive')", name="ck_schedules_state"),
        Index("ix_schedules_next_at", "next_at"),
        Index("ix_schedules_job", "job_name"),
        # AUTOINCREMENT: an id is part of a slot, and must never name another schedule.
        {"comment": "when which job runs", "sqlite_autoincrement": True},
    )

    schedule_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id of the schedule, never used again")
    schedule_name: Mapped[str] = mapped_column(BinaryText(64), unique=True, comment="unique name, for people")
    job_name: Mapped[str] = mapped_column(BinaryText(64), comment="which job")
    cron: Mapped[str] = mapped_column(BinaryText(128), comment="five fields: minute hour day month weekday")
    time_zone: Mapped[str] = mapped_column(BinaryText(64), comment="IANA name that the fields are read in")
    arguments: Mapped[str] = mapped_column(LongText, comment="JSON object that each run gets")
    schedule_state: Mapped[str] = mapped_column(String(8), comment="active, or inactive: paused")
    declared: Mapped[bool] = mapped_column(Boolean, comment="made by the code, which makes it anew if deleted")
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="the slot to come; null: none")


class RunRow(CreationMixin, VersionMixin, Row):
    """One run of a job: of a slot, or asked for by somebody."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(f"run_state IN {RUN_STATES}", name="ck_runs_state"),
        UniqueConstraint("schedule_id", "scheduled_at", name="uq_runs_slot"),
        Index("ix_runs_wake", "run_state", "wake_at"),
        Index("ix_runs_job", "job_name", "run_id"),
        Index("ix_runs_active", "job_name", "run_state"),
        Index("ix_runs_ended_at", "ended_at"),
        {"comment": "runs of jobs; the row is the truth, a message only wakes a worker", "sqlite_autoincrement": True},
    )

    run_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id of the run, never used again")
    job_name: Mapped[str] = mapped_column(BinaryText(64), comment="which job")
    run_state: Mapped[str] = mapped_column(String(12), comment="waiting, running, or how it ended")
    schedule_id: Mapped[int | None] = mapped_column(BigId, comment="whose slot it is; null: asked for by somebody")
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="the slot, UTC")
    arguments: Mapped[str] = mapped_column(LongText, comment="JSON object")
    wake_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when a worker is to be told (again) that it waits")
    attempts: Mapped[int] = mapped_column(Integer, comment="attempts that have begun")
    max_attempts: Mapped[int] = mapped_column(Integer, comment="attempts that it has")
    worker: Mapped[str | None] = mapped_column(BinaryText(128), comment="who runs it, or ran it last")
    beats: Mapped[int] = mapped_column(Integer, comment="raised by the worker while it lives")
    cancel_asked: Mapped[bool] = mapped_column(Boolean, comment="somebody wants it to end")
    result: Mapped[str | None] = mapped_column(LongText, comment="JSON object that the job returned")
    error: Mapped[str | None] = mapped_column(LongText, comment="why it ended as it did")
    trace_id: Mapped[str | None] = mapped_column(String(32), comment="trace of the last attempt")
    retry_of: Mapped[int | None] = mapped_column(BigId, comment="the ended run that it repeats")
    requested_by_name: Mapped[str] = mapped_column(BinaryText(128), comment="name of who asked; empty: a slot")
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when its first attempt began")
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when it ended")


class AttemptRow(Row):
    """One attempt of a run."""

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint(f"outcome IN {ATTEMPT_OUTCOMES}", name="ck_attempts_outcome"),
        {"comment": "attempts of runs"},
    )

    run_id: Mapped[int] = mapped_column(BigId, ForeignKey("runs.run_id"), primary_key=True, comment="the run")
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="number, from 1")
    worker: Mapped[str] = mapped_column(BinaryText(128), comment="host, process and its start")
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when it began")
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when it ended; null: under way")
    outcome: Mapped[str | None] = mapped_column(String(12), comment="how it ended; null: under way")
    error: Mapped[str | None] = mapped_column(LongText, comment="why it ended so")


class LogLineRow(Row):
    """One line that a run logged."""

    __tablename__ = "log_lines"
    __table_args__ = ({"comment": "what runs logged, a bounded number of lines each"},)

    run_id: Mapped[int] = mapped_column(BigId, ForeignKey("runs.run_id"), primary_key=True, comment="the run")
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, comment="number, from 1")
    attempt: Mapped[int] = mapped_column(Integer, comment="which attempt logged it")
    logged_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="when")
    level: Mapped[str] = mapped_column(String(8), comment="DEBUG, INFO, WARNING, ERROR or CRITICAL")
    text: Mapped[str] = mapped_column(LongText, comment="what, cut to a bounded length")


class MailRow(CreationMixin, VersionMixin, Row):
    """One mail to one address."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint("mail_state IN ('waiting', 'sent', 'refused', 'failed', 'expired')", name="ck_mails_state"),
        Index("ix_mails_limits", "limit_key", "created_at"),
        Index("ix_mails_sender", "created_by", "created_at"),
        Index("ix_mails_expires_at", "expires_at"),
        # AUTOINCREMENT: the id is part of what the content is bound to.
        {"comment": "mails, and what became of them", "sqlite_autoincrement": True},
    )

    mail_id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="id of the mail, never used again")
    command_id: Mapped[str | None] = mapped_column(BinaryText(64), unique=True, comment="the command that asked for it")
    to_address: Mapped[str] = mapped_column(BinaryText(320), comment="whom it goes to")
    limit_key: Mapped[str | None] = mapped_column(BinaryText(320), comment="the mailbox, as limits and lists know it")
    template: Mapped[str] = mapped_column(BinaryText(64), comment="which template")
    language: Mapped[str] = mapped_column(String(8), comment="en or zh")
    mail_state: Mapped[str] = mapped_column(String(8), comment="waiting, or what became of it")
    content: Mapped[str | None] = mapped_column(LongText, comment="values, sealed under the keyring; null once over")
    reply: Mapped[str | None] = mapped_column(BinaryText(500), comment="last answer of the mail server")
    attempts: Mapped[int] = mapped_column(Integer, comment="deliveries that were tried")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="from then on it is of no use")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when the mail server took it")
    run_id: Mapped[int | None] = mapped_column(BigId, comment="the run that sends it")


SCHEDULES: Table = Row.metadata.tables["schedules"]
RUNS: Table = Row.metadata.tables["runs"]
ATTEMPTS: Table = Row.metadata.tables["attempts"]
LOG_LINES: Table = Row.metadata.tables["log_lines"]
MAILS: Table = Row.metadata.tables["mails"]
MAIL_CONTENTS = SecretColumn(MAILS.c.mail_id, MAILS.c.content)
UNDER_KEYRING = (MAIL_CONTENTS,)
"""Every column that a rotation of the keyring brings under another key."""
OUTBOX = outbox_table(Row.metadata)
LEASES = leases_table(Row.metadata)
IDEMPOTENCY_KEYS = idempotency_table(Row.metadata)
