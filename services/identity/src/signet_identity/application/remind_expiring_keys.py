"""Remind the owners of API keys that end soon, once for each end, by mail."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

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
    """Sends the command for a mail and notes it in one transaction: a crash neither forgets nor repeats a reminder."""

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
        for api_key in ending:
            transaction.send(_mail(api_key))
        transaction.api_keys.note_reminded(ending)
        return len(ending)


def _mail(api_key: EndingApiKey) -> Command:
    """The mail, which is of no use once the key has ended."""
    values = {
        "user_name": api_key.user_name,
        "api_key_name": api_key.key_name,
        "expires_at": api_key.expires_at.isoformat(timespec="seconds"),
    }
    body = {"to": api_key.email, "template": API_KEY_EXPIRING, "values": values}
    return Command(new_event_id(), MAIL, api_key.expires_at, json.dumps(body).encode())
