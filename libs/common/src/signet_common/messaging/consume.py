"""From the bus to a handler: in batches, acknowledged after the handler's commit, poison set aside alone.

Transient(Exception)      raised by a handler: not the events' fault, try again for as long as it takes
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.event import Delivery, EventInvalid
from signet_common.messaging.ports import BusUnavailable, EventConsumer

BATCH = 200
LINGER_SECONDS = 0.01
POLL_SECONDS = 0.25
ATTEMPTS = 8

_logger = logging.getLogger(__name__)

ReadT = TypeVar("ReadT")
"""What a consumer makes of an event; `parse_event` gives the event itself."""


class Transient(Exception):
    """What the handler needs is away at the moment; the events wait."""


class ConsumerLoop(Generic[ReadT]):
    """Feeds one handler. `run` belongs to one thread; it owns the consumer and closes it.

    `read` makes of a delivery what the handler wants, once, and raises EventInvalid for what is to be set aside. The
    handler applies a batch in one transaction of its own; it may get anything again, so it knows what it has seen.

    Name in `transient` what the handler's database raises when it is away: other errors count as the events' fault.
    """

    def __init__(
        self,
        consumer: EventConsumer,
        read: Callable[[Delivery], ReadT],
        handler: Callable[[Sequence[ReadT]], None],
        *,
        batch: int = BATCH,
        linger: float = LINGER_SECONDS,
        attempts: int = ATTEMPTS,
        transient: Sequence[type[Exception]] = (),
        backoff: Backoff | None = None,
    ) -> None:
        self._consumer, self._read, self._handler = consumer, read, handler
        self._batch, self._linger, self._attempts = batch, linger, attempts
        self._transient: tuple[type[Exception], ...] = (Transient, *transient)
        self._backoff = backoff or Backoff()
        self._failing = False

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop` is set; what is not acknowledged by then comes again. Nothing else ends it."""
        try:
            while not stop.is_set():
                self._turn(stop)
        finally:
            self._consumer.close()

    def _turn(self, stop: threading.Event) -> None:
        try:
            self._apply(self._readable(self._receive()), stop)
        except BusUnavailable as error:
            if not self._failing:  # once per outage, not once per attempt
                _logger.warning("the bus hands out no events: %s", error)
            self._failing = True
            self._start_over(stop)
        except Exception:
            # The loop of this thread: whatever was not acknowledged comes again.
            _logger.exception("consuming failed")
            self._start_over(stop)
        else:
            if self._failing:
                _logger.info("the bus hands out events again")
            self._failing = False
            self._backoff.reset()

    def _start_over(self, stop: threading.Event) -> None:
        """Give back what is in hand: a consumer that stays connected would never get it again."""
        self._consumer.close()
        self._backoff.wait(stop)

    def _receive(self) -> list[Delivery]:
        """Wait for the first delivery, then linger for what comes with it: one commit serves them all."""
        deliveries = self._consumer.receive(self._batch, POLL_SECONDS)
        deadline = time.monotonic() + self._linger
        while deliveries and (room := self._batch - len(deliveries)) and (left := deadline - time.monotonic()) > 0:
            deliveries += self._consumer.receive(room, left)
        return deliveries

    def _readable(self, deliveries: Sequence[Delivery]) -> list[tuple[Delivery, ReadT]]:
        readable = []
        for delivery in deliveries:
            try:
                readable.append((delivery, self._read(delivery)))
            except EventInvalid as error:
                self._set_aside(delivery, str(error))
        return readable

    def _apply(self, pairs: Sequence[tuple[Delivery, ReadT]], stop: threading.Event) -> None:
        """Handle and acknowledge. A batch that fails twice is taken apart; an event that keeps failing is set aside."""
        failures = 0
        while pairs and not stop.is_set():
            try:
                self._handler([event for _, event in pairs])
            except self._transient as error:
                _logger.warning("events wait: %s: %s", type(error).__name__, error)
            except Exception as error:
                failures += 1
                _logger.exception("the handler failed on %d events, attempt %d", len(pairs), failures)
                if len(pairs) > 1 and failures > 1:
                    for pair in pairs:
                        self._apply([pair], stop)
                    return
                if len(pairs) == 1 and failures >= self._attempts:
                    self._set_aside(pairs[0][0], f"{type(error).__name__} after {failures} attempts")
                    return
            else:
                self._consumer.acknowledge([delivery for delivery, _ in pairs])
                self._backoff.reset()
                return
            self._backoff.wait(stop)

    def _set_aside(self, delivery: Delivery, reason: str) -> None:
        _logger.error("an event on %s goes to the dead letters: %s", delivery.routing_key, reason)
        self._consumer.dead_letter(delivery, reason)
