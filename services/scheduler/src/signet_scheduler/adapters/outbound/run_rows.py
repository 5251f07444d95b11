"""Rows of runs as slots make them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from signet_common.messaging.recording import Change
from signet_scheduler.domain.planning import Slot


def slot_row(
    *, job_name: str, schedule_id: int, slot: Slot, arguments: str, max_attempts: int, now: datetime
) -> dict[str, Any]:
    """The columns of a slot's run: it waits for a worker that is to be told at once, or was skipped."""
    skipped = slot.reason is not None
    return {
        "job_name": job_name,
        "run_state": "skipped" if skipped else "waiting",
        "schedule_id": schedule_id,
        "scheduled_at": slot.scheduled_at,
        "arguments": arguments,
        "wake_at": now,
        "attempts": 0,
        "max_attempts": max_attempts,
        "beats": 0,
        "cancel_asked": False,
        "error": slot.reason,
        "requested_by_name": "",
        "ended_at": now if skipped else None,
        "created_at": now,
        "created_by": None,
        "version": 1,
    }


def skipped_event(run_id: int, row: Mapping[str, Any]) -> Change:
    """What the audit log hears of a slot that does not run."""
    told = {
        "job_name": row["job_name"],
        "schedule_id": row["schedule_id"],
        "scheduled_at": row["scheduled_at"].isoformat(),
        "attempts": row["attempts"],
        "error": row["error"],
    }
    return Change("run", "skipped", str(run_id), changes={name: (None, value) for name, value in told.items()})
