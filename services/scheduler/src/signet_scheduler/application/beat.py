"""Signs of life of everything that this process works on, and what is heard in return."""

from dataclasses import dataclass

from signet_scheduler.application.attempts import AttemptRows, Beat
from signet_scheduler.application.under_way import Cancelled, Lost, UnderWay


@dataclass(frozen=True, slots=True)
class BeatForRuns:
    """Tells that attempts are alive, stores what they log, and stops those that are to end."""

    rows: AttemptRows
    under_way: UnderWay

    def __call__(self) -> None:
        """Once. Raises RowsUnavailable."""
        self.under_way.stop_late_ones()
        works = self.under_way.works()
        if not works:
            return
        pulse = self.rows.beat([Beat(work.claimed.run_id, work.claimed.attempt, work.log) for work in works])
        for work in works:
            if work.claimed.run_id in pulse.lost:
                work.stop(Lost)
            elif work.claimed.run_id in pulse.cancelled:
                work.stop(Cancelled)
