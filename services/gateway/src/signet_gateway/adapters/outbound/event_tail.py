"""Listens to identity's events, so that a grant which changed is not believed any longer.

Each worker process has its own tail. It keeps nothing: whatever may have passed unseen clears the cache. Identity's
relay beats four times a second while nothing waits in its outbox; the cache trusts what it holds from beat to beat.
"""

import logging
import time
from collections.abc import Callable
from threading import Event as Stop
from typing import Protocol

from signet_common.messaging.backoff import Backoff
from signet_common.messaging.event import Delivery, EventInvalid, parse_event
from signet_common.messaging.ports import BusError, EventTail, pulse_key
from signet_gateway.adapters.outbound.grant_cache import SILENCE_SECONDS, Change
from signet_gateway.application.ports import CheckResult

_LOGGER = logging.getLogger(__name__)

_SERVICE = "identity"
BINDINGS = (f"{_SERVICE}.#",)
_PULSE = pulse_key(_SERVICE)
_RECEIVE_SECONDS = 0.25
_NAMED = {"user", "api_key", "session"}
_CHANGES_NOTHING = {"query", "login_failed", "refused"}
_MAIL = {"password_reset", "email_confirmation"}
"""Told beside the events of the users and sessions that change; anybody may ask for a mail, at no cost to grants."""


class GrantListener(Protocol):
    """Who wants to hear about changes."""

    def drop(self, change: Change) -> None: ...
    def listening(self) -> None: ...
    def told(self) -> None: ...
    def deaf(self) -> None: ...


class GrantEvents:
    """The loop that turns events into dropped grants."""

    def __init__(self, open_tail: Callable[[], EventTail], listener: GrantListener) -> None:
        self._open_tail = open_tail
        self._listener = listener
        self._listening = False
        self._told_at: float | None = None

    def run(self, stop: Stop) -> None:
        """Listen until `stop`; after a loss wait, connect again, start over."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                self._listen(stop, backoff)
            except BusError as error:
                _LOGGER.warning("identity's events are not heard, grants live for less than a second: %s", error)
            except Exception:
                _LOGGER.exception("listening to identity's events failed")
            self._listening = False
            self._listener.deaf()
            backoff.wait(stop)

    def probe(self) -> dict[str, CheckResult]:
        """Not to hear costs speed alone: grants are fetched more often than once a second."""
        if not self._listening:
            return {"events": CheckResult("degraded", "identity's events are not heard")}
        if self._silent():
            return {"events": CheckResult("degraded", "identity's background process is silent")}
        return {"events": CheckResult("ok")}

    def _listen(self, stop: Stop, backoff: Backoff) -> None:
        tail = self._open_tail()
        try:
            self._listener.listening()
            self._listening, self._told_at = True, None
            while not stop.is_set():
                for delivery in tail.receive(_RECEIVE_SECONDS):
                    self._hear(delivery)
                backoff.reset()
        finally:
            tail.close()

    def _silent(self) -> bool:
        return self._told_at is None or time.monotonic() - self._told_at >= SILENCE_SECONDS

    def _hear(self, delivery: Delivery) -> None:
        """Drop what an event concerns; everything, where it does not say so plainly.

        A message of another service is nothing to drop grants for. It gets past the bindings with RabbitMQ's header
        `CC`, whose routing keys no topic permission looks at; the routing key that arrives is the one that was checked.
        """
        if delivery.routing_key == _PULSE:
            self._told_at = time.monotonic()
            self._listener.told()
            return
        if not delivery.routing_key.startswith(f"{_SERVICE}."):
            return
        try:
            event = parse_event(delivery)
        except EventInvalid:
            self._listener.drop(Change())
            return
        if event.operation in _CHANGES_NOTHING or event.resource in _MAIL:
            return
        if event.resource in _NAMED and event.object_id:
            self._listener.drop(Change(event.resource, event.object_id))
        else:
            self._listener.drop(Change())
