"""The policies that a job declares: what happens when it fails, meets itself, or comes late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Overlap = Literal["skip", "queue_one", "allow"]
"""What becomes of a run that is due while another one of its job is under way."""
Missed = Literal["skip", "run_once", "run_all"]
"""What becomes of slots that went by while nobody planned them."""


MOST_UNDER_WAY: Mapping[Overlap, int] = {"skip": 1, "queue_one": 2}
"""How many runs of a job may wait or run; two are one that runs and one that waits. Without an entry, any number."""
MOST_OF_ONE_USER = 1_000
"""How many runs of a job one user may have that wait or run: whoever asks by mistake in a loop must come to an end."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a run is attempted, and how long it waits in between: twice as long each time, up to `most`."""

    max_attempts: int = 1
    first: timedelta = timedelta(seconds=10)
    most: timedelta = timedelta(minutes=10)

    def wait(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts have failed."""
        return min(self.first * (1 << min(attempts - 1, 32)), self.most)


@dataclass(frozen=True, slots=True)
class DeclaredSchedule:
    """When a job runs unless somebody changes it: a cron line in an IANA time zone."""

    cron: str
    time_zone: str = "UTC"
