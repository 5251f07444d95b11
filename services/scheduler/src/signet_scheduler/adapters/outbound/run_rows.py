"""Rows of runs as they begin: one that waits for a worker, and one of a slot."""

from datetime import datetime
from typing import Any

from signet_scheduler.domain.planning import Slot


def waiting_row(
    *,
    job_name: str,
    arguments: str,
    max_attempts: int,
    at: datetime,
    by: int | None = None,
    by_name: str = "",
    retry_of: int | None = None,
    scheduled_at: datetime | None = None,
) -> dict[str, Any]:
    """Every column but the id of a run that waits for a worker, which is told at once.

    `arguments` is the text of a JSON object; without `by_name`, nobody has asked for the run.
    """
    return {
        "job_name": job_name,
        "run_state": "waiting",
        "schedule_id": None,
        "scheduled_at": scheduled_at,
        "arguments": arguments,
        "wake_at": at,
        "attempts": 0,
        "max_attempts": max_attempts,
        "worker": None,
        "beats": 0,
        "cancel_asked": False,
        "result": None,
        "error": None,
        "trace_id": None,
        "retry_of": retry_of,
        "requested_by_name": by_name,
        "started_at": None,
        "ended_at": None,
        "created_at": at,
        "created_by": by,
        "version": 1,
    }


def slot_row(
    *, job_name: str, schedule_id: int, slot: Slot, arguments: str, max_attempts: int, now: datetime
) -> dict[str, Any]:
    """The columns of a slot's run: it waits for a worker, or was skipped."""
    row = waiting_row(
        job_name=job_name, arguments=arguments, max_attempts=max_attempts, at=now, scheduled_at=slot.scheduled_at
    )
    row["schedule_id"] = schedule_id
    return row if slot.reason is None else row | {"run_state": "skipped", "error": slot.reason, "ended_at": now}
