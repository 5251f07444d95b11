"""What the audit log hears of a run that has ended, whoever ended it."""

from datetime import datetime

from signet_common.messaging.recording import Change
from signet_scheduler.domain.runs import RunState


def outcome(
    state: RunState,
    run_id: int,
    *,
    job_name: str,
    schedule_id: int | None,
    scheduled_at: datetime | None,
    attempts: int,
    error: str | None,
) -> Change:
    """The change that tells how the run ended; what there is not is not told. Times are RFC 3339."""
    told = {
        "job_name": job_name,
        "schedule_id": schedule_id,
        "scheduled_at": None if scheduled_at is None else scheduled_at.isoformat(),
        "attempts": attempts,
        "error": error,
    }
    changes = {name: (None, value) for name, value in told.items() if value is not None}
    return Change("run", state, str(run_id), changes=changes)
