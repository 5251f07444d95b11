"""Remind the owners of API keys that end soon, once for each end, by mail."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from signet_common.messaging.command import Command
from signet_common.messaging.event import new_event_id
from signet_common.passport import Passport
from signet_identity.application.mail import API_KEY_EXPIRING, MAIL
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.domain.credentials import EndingApiKey

AHEAD = timedelta(days=7)
BATCH = 50
"""Keys in one transaction, which holds their rows, on SQLite the whole database, for some milliseconds."""
SECONDS = 10.0
"""How long a request reminds at most, but for its last batch."""


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many keys were told of; `finished` says that none is left."""

    reminded: int
    finished: bool


class RemindExpiringKeys:
    """Sends the command for a mail and notes it in one transaction: a crash neither forgets nor repeats a reminder.

    All keys of an owner that a transaction holds are one mail: of many that come at once some would be refused.
    """

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock, timer: Callable[[], float]) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._timer = timer

    def __call__(self, scheduler: Passport) -> Reminded:
        """Remind for ten seconds at most; safe to ask for twice, and by two at once."""
        end, total = self._timer() + SECONDS, 0
        while reminded := self._unit_of_work.execute(scheduler, self._batch, int):
            total += reminded
            if self._timer() >= end:
                return Reminded(total, finished=False)
        return Reminded(total, finished=True)

    def _batch(self, transaction: Transaction) -> int:
        now = self._clock()
        ending = transaction.api_keys.ending(after=now, before=now + AHEAD, most=BATCH)
        for _, of_one_owner in groupby(ending, key=lambda api_key: api_key.user_id):
            transaction.send(_mail(list(of_one_owner)))
        transaction.api_keys.note_reminded(ending)
        return len(ending)


def _mail(api_keys: Sequence[EndingApiKey]) -> Command:
    """The mail about one owner's keys, which is of no use once the last of them has ended."""
    first, *others = api_keys
    values = {"user_name": first.user_name, **_told(first), "others": [_told(api_key) for api_key in others]}
    body = {"to": first.email, "template": API_KEY_EXPIRING, "values": values}
    return Command(new_event_id(), MAIL, api_keys[-1].expires_at, json.dumps(body).encode())


def _told(api_key: EndingApiKey) -> dict[str, Any]:
    return {"api_key_name": api_key.key_name, "expires_at": api_key.expires_at.isoformat(timespec="seconds")}
