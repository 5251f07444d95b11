"""The loop `mail` of the background process: takes commands from the bus, and ends mails that nobody sent in time."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event as Stop

from sqlalchemy.exc import InternalError, ProgrammingError

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.command import ReceivedCommand
from signet_common.messaging.ports import BusUnavailable, CommandReceiver
from signet_common.sql.database import DatabaseUnavailable
from signet_scheduler.application.mail_ports import WaitingMails
from signet_scheduler.application.ports import Clock

BATCH = 20
ATTEMPTS = 8
"""How often a command is tried that fails for what is no fault of the database: within some ten seconds."""
POLL_SECONDS = 0.5
SWEEP_SECONDS = 60.0
SWEPT_AT_ONCE = 100
GRACE = timedelta(minutes=10)
"""How long a mail that is over may still be on its way: longer than any conversation with a mail server lasts."""

_AWAY = (DatabaseUnavailable, ProgrammingError, InternalError)
"""The database is away, has no tables yet, or only lets itself be read after a failover: no command's fault."""

_LOGGER = logging.getLogger(__name__)


class MailLoop:
    """Takes each command once its effect is committed; what was not acknowledged comes again, and does nothing then."""

    def __init__(
        self,
        receiver: CommandReceiver,
        carry_out: Callable[[ReceivedCommand], None],
        mails: WaitingMails,
        clock: Clock,
        backoff: Backoff | None = None,
    ) -> None:
        self._receiver, self._carry_out = receiver, carry_out
        self._mails, self._clock = mails, clock
        self._backoff = backoff or Backoff()
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
            self._take(stop)
            self._sweep()
        except BusUnavailable as error:
            self._has_to_wait(f"the bus hands out no commands: {error}")
            self._receiver.close()
        except _AWAY as away:
            self._has_to_wait(f"mails that are over wait for their end: {type(away).__name__}")
        except Exception:
            # The loop of this thread: whatever was not acknowledged comes again.
            _LOGGER.exception("commands could not be taken")
            # Give back what is in hand: a receiver that stays connected would never get it again.
            self._receiver.close()
        else:
            self._goes_on()
            return
        self._backoff.wait(stop)

    def _take(self, stop: Stop) -> None:
        for command in self._receiver.receive(BATCH, POLL_SECONDS):
            if not self._is_settled(command, stop):
                return
            self._receiver.acknowledge([command])

    def _is_settled(self, command: ReceivedCommand, stop: Stop) -> bool:
        """Whether the command need not come again; False where `stop` came first.

        While the database is away it is kept in hand: given back, it would count as delivered once more, and a broker
        drops what was delivered too often. Any other failure is the command's own, and must not keep the next ones.
        """
        failures = 0
        while not stop.is_set():
            try:
                self._carry_out(command)
            except _AWAY as away:
                self._has_to_wait(f"commands wait: {type(away).__name__}")
            except Exception as failed:  # noqa: BLE001 - told by its type alone
                failures += 1
                if failures == ATTEMPTS:
                    # Neither traceback nor message: either may show what the command holds.
                    told = command.command_id, failures, type(failed).__name__
                    _LOGGER.error("command %s is given up after %d attempts: %s", *told)  # noqa: TRY400
                    self._backoff.reset()
                    return True
            else:
                self._goes_on()
                return True
            self._backoff.wait(stop)
        return False

    def _has_to_wait(self, why: str) -> None:
        """Say so once per outage, not once per attempt."""
        if not self._failing:
            _LOGGER.warning("%s", why)
        self._failing = True

    def _goes_on(self) -> None:
        self._failing = False
        self._backoff.reset()

    def _sweep(self) -> None:
        """Once a minute, along the index on the time: everything at first, then what has come to its end since."""
        if time.monotonic() < self._next_sweep:
            return
        until = self._clock() - GRACE
        while (found := self._mails.expire(self._swept_until, until, SWEPT_AT_ONCE)) == SWEPT_AT_ONCE:
            _LOGGER.info("%d mails were over before they could be sent", found)
        self._swept_until, self._next_sweep = until - GRACE, time.monotonic() + SWEEP_SECONDS
