"""From an outbox to the bus: what was committed is published, at least once, in order per object.

A row is marked as sent only after the bus has confirmed it, so a relay may die at any step: at worst the next one
publishes again what consumers have seen, and they drop it by its id. Events and commands leave alike, each kind from an
outbox of its own and by a relay of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar
from uuid import uuid4

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.ports import BusUnavailable

BATCH = 500
IDLE_SECONDS = 0.5
GATHER_SECONDS = 0.05
"""Between batches that were not full: under load, twenty a second cost half of what one after the other does."""
LEASE_RETRY_SECONDS = 1.0
PULSE_SECONDS = 0.25

_logger = logging.getLogger(__name__)


class Outgoing(Protocol):
    """What waits in an outbox: an event or a command."""

    @property
    def message_id(self) -> str: ...
    @property
    def ordering_key(self) -> str: ...


OutgoingT = TypeVar("OutgoingT", bound=Outgoing)
OutgoingT_co = TypeVar("OutgoingT_co", bound=Outgoing, covariant=True)
OutgoingT_contra = TypeVar("OutgoingT_contra", bound=Outgoing, contravariant=True)


class Publisher(Protocol[OutgoingT_contra]):
    """Where it goes; see `ports.EventPublisher` and `ports.CommandSender`."""

    def publish(self, outgoing: Sequence[OutgoingT_contra], /) -> set[str]: ...

    def close(self) -> None: ...


class OutboxSource(Protocol[OutgoingT_co]):
    """One outbox of a service, as the relay needs it."""

    def hold_lease(self, holder: str) -> bool:
        """Take or renew the service's relay lease; False while another holder has it."""

    def pending(self, limit: int) -> Sequence[OutgoingT_co]:
        """Return what was committed and is not marked as sent, oldest first, in order per object."""

    def mark_sent(self, ids: Collection[str]) -> None:
        """Mark the rows of these ids as sent, in one transaction."""

    def wait(self, timeout: float) -> None:
        """Wait at most `timeout` seconds; return early when there may be something to send."""


class Relay(Generic[OutgoingT]):
    """Empties one outbox of a service. `run` belongs to one thread; it owns the publisher and closes it.

    `pulse` is called four times a second while nothing waits: whoever hears less of it knows that something may.
    """

    def __init__(
        self,
        source: OutboxSource[OutgoingT],
        publisher: Publisher[OutgoingT],
        *,
        batch: int = BATCH,
        backoff: Backoff | None = None,
        pulse: Callable[[], None] | None = None,
    ) -> None:
        self._source, self._publisher, self._batch = source, publisher, batch
        self._backoff = backoff or Backoff()
        self._holder = uuid4().hex
        self._failing = False
        self._pulse, self._pulse_at = pulse, 0.0

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set. Nothing that goes wrong ends it: it backs off and tries again."""
        try:
            while not stop.is_set():
                self._turn(stop)
        finally:
            self._publisher.close()

    def _turn(self, stop: threading.Event) -> None:
        try:
            complete = self._move(stop)
        except BusUnavailable as error:
            self._failed(stop, "the bus takes nothing: %s", error)
        except Exception:
            # The loop of this thread: the database may be away, and the outbox is read again when it is back.
            _logger.exception("the relay failed")
            self._backoff.wait(stop)
        else:
            if complete:
                self._succeeded()
            else:
                self._failed(stop, "the bus did not confirm everything", None)

    def _move(self, stop: threading.Event) -> bool:
        """Publish and mark one batch; True if nothing was left unconfirmed."""
        if not self._source.hold_lease(self._holder):
            stop.wait(LEASE_RETRY_SECONDS)
            return True
        outgoing = self._source.pending(self._batch)
        if not outgoing:
            self._tell()
            self._source.wait(PULSE_SECONDS if self._pulse else IDLE_SECONDS)
            return True
        sent = confirmed_in_order(outgoing, self._publisher.publish(outgoing))
        if sent:
            self._source.mark_sent(sent)
            self._backoff.reset()
        if len(outgoing) < self._batch:
            if len(sent) == len(outgoing):
                self._tell()
            stop.wait(GATHER_SECONDS)
        return len(sent) == len(outgoing)

    def _tell(self) -> None:
        """Tell that what the outbox held when it was last read has been published, all of it."""
        now = time.monotonic()
        if self._pulse and now >= self._pulse_at:
            self._pulse()
            self._pulse_at = now + PULSE_SECONDS

    def _failed(self, stop: threading.Event, message: str, error: BusUnavailable | None) -> None:
        if not self._failing:  # once per outage, not once per attempt
            _logger.warning(message, *([error] if error else []))
        self._failing = True
        self._backoff.wait(stop)

    def _succeeded(self) -> None:
        if self._failing:
            _logger.info("the bus takes everything again")
        self._failing = False
        self._backoff.reset()


def confirmed_in_order(outgoing: Sequence[Outgoing], confirmed: Collection[str]) -> list[str]:
    """Return the confirmed ids without those that follow an unconfirmed event of the same object.

    These are published again behind it, so that the last thing a consumer hears of an object is the latest.
    """
    held_back: set[str] = set()
    sent = []
    for message in outgoing:
        if message.message_id not in confirmed:
            held_back.add(message.ordering_key)
        elif not message.ordering_key or message.ordering_key not in held_back:
            sent.append(message.message_id)
    return sent
