"""The loop `mail` of the background process: takes commands from the bus, and ends mails that nobody sent in time."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event as Stop

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.command import ReceivedCommand
from signet_common.messaging.ports import BusUnavailable, CommandReceiver
from signet_scheduler.application.mail_ports import WaitingMails
from signet_scheduler.application.ports import Clock

BATCH = 20
POLL_SECONDS = 0.5
SWEEP_SECONDS = 60.0
SWEPT_AT_ONCE = 100
GRACE = timedelta(minutes=10)
"""How long a mail that is over may still be on its way: longer than any conversation with a mail server lasts."""

_LOGGER = logging.getLogger(__name__)


class MailLoop:
    """Takes each command once its effect is committed; what was not acknowledged comes again, and does nothing then."""

    def __init__(
        self, receiver: CommandReceiver, carry_out: Callable[[ReceivedCommand], None], mails: WaitingMails, clock: Clock
    ) -> None:
        self._receiver, self._carry_out = receiver, carry_out
        self._mails, self._clock = mails, clock
        self._backoff = Backoff()
        self._failing = False
        self._swept_until = datetime.min.replace(tzinfo=UTC)
        self._next_sweep = 0.0

    def run(self, stop: Stop) -> None:
        """Work until `stop`; it belongs to one thread, which owns the receiver."""
        try:
            while not stop.is_set():
                self._turn(stop)
        finally:
            self._receiver.close()

    def _turn(self, stop: Stop) -> None:
        try:
            self._take()
            self._sweep()
        except BusUnavailable as error:
            if not self._failing:  # once per outage, not once per attempt
                _LOGGER.warning("the bus hands out no commands: %s", error)
            self._start_over(stop)
        except Exception:
            # The loop of this thread: whatever was not acknowledged comes again.
            _LOGGER.exception("commands could not be carried out")
            self._start_over(stop)
        else:
            self._failing = False
            self._backoff.reset()

    def _start_over(self, stop: Stop) -> None:
        """Give back what is in hand: a receiver that stays connected would never get it again."""
        self._failing = True
        self._receiver.close()
        self._backoff.wait(stop)

    def _take(self) -> None:
        for command in self._receiver.receive(BATCH, POLL_SECONDS):
            self._carry_out(command)
            self._receiver.acknowledge([command])

    def _sweep(self) -> None:
        """Once a minute, along the index on the time: everything at first, then what has come to its end since."""
        if time.monotonic() < self._next_sweep:
            return
        until = self._clock() - GRACE
        while (ended := self._mails.expire(self._swept_until, until, SWEPT_AT_ONCE)) == SWEPT_AT_ONCE:
            _LOGGER.info("%d mails were over before they could be sent", ended)
        self._swept_until, self._next_sweep = until - GRACE, time.monotonic() + SWEEP_SECONDS
