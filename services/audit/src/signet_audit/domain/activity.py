"""What happened on one UTC day, counted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

MAX_USERS = 1_000
"""Of one part of a day. Whoever adds up parts is exact about the most active as long as no part has more users."""


class Kind(NamedTuple):
    """What kind of event a record tells of."""

    service: str
    resource: str
    operation: str


SIGN_IN_REFUSED = Kind("identity", "session", "login_failed")
REQUESTS_REFUSED = Kind("identity", "request", "refused")
"""One record tells of many: its changes say how many."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far the log was counted, in the order of time; ids decide between records of one microsecond."""

    time: datetime
    record_id: int


@dataclass(frozen=True, slots=True)
class Step:
    """A few records in a row, counted; `last` is the position of the last of them."""

    events: Mapping[Kind, int]
    users: Mapping[int, tuple[str, int]]
    requests_refused: int
    last: Position


@dataclass(slots=True)
class Activity:
    """What has been counted of a day. `users` holds name and number by user id."""

    events: Counter[Kind] = field(default_factory=Counter)
    users: dict[int, tuple[str, int]] = field(default_factory=dict)
    requests_refused: int = 0

    def add(self, step: Step) -> None:
        """Count a step as well; a user who was renamed goes by the newest name."""
        self.events.update(step.events)
        self.requests_refused += step.requests_refused
        for user_id, (name, events) in step.users.items():
            self.users[user_id] = (name, self.users.get(user_id, ("", 0))[1] + events)

    @property
    def sign_ins_refused(self) -> int:
        """How many sign-ins were refused."""
        return self.events[SIGN_IN_REFUSED]

    def most_active(self) -> list[tuple[int, str, int]]:
        """Id, name and number of events of those with the most, these first."""
        ranked = sorted(self.users.items(), key=lambda user: (-user[1][1], user[0]))
        return [(user_id, name, events) for user_id, (name, events) in ranked[:MAX_USERS]]
