"""Rate limits with the `limits` library: the sliding window counter, in this worker's memory or in a shared Redis.

A rate is written as the library reads it, `300/minute`. The window slides: at its border nobody gets twice the rate, as
with fixed windows, and a key costs two numbers, not one per request. The storage is called as the library's strategy
calls it, without that detour: it makes the key anew for every question.
"""

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, cast

from limits import parse
from limits.errors import StorageError
from limits.storage import SlidingWindowCounterSupport, Storage, storage_from_string

from signet_gateway.adapters.outbound.counters import BoundedCounters
from signet_gateway.application.networks import network_of
from signet_gateway.application.ports import Allowance

_LOGGER = logging.getLogger(__name__)
_REDIS_SECONDS = 0.2
_REDIS_PAUSE_SECONDS = 1.0
_REDIS_CONNECTIONS = 1_000  # as many as a worker has clients: one who finds none left would take that for an outage
_A_MOMENT = 0.001  # at the border itself the window is still full
MEMORY_URL = "memory:"


class Limiter(Protocol):
    """A RateLimiter that can take an event back."""

    def take(self, key: str) -> Allowance: ...
    def give_back(self, key: str) -> None: ...


class SlidingWindow:
    """One rate for each key. An IPv6 address counts with its whole network."""

    def __init__(self, name: str, rate: str, storage: Storage) -> None:
        item = parse(rate)
        self._name = name
        self._limit = item.amount
        self._seconds = item.get_expiry()
        self._windows = cast(SlidingWindowCounterSupport, storage)
        self._key = lru_cache(maxsize=4096)(lambda key: item.key_for(name, network_of(key)))

    def take(self, key: str) -> Allowance:
        """See the port."""
        counter, limit, seconds = self._key(key), self._limit, self._seconds
        granted = self._windows.acquire_sliding_window_entry(counter, limit, seconds)
        before, fades, count, ends = self._windows.get_sliding_window(counter, seconds)
        left = max(0.0, ends - seconds)
        remaining = max(0, limit - int(before * fades / seconds) - count)
        reset = left if granted else _wait(limit - count, before, fades, left, seconds)
        return Allowance(self._name, limit, seconds, remaining, reset, granted)

    def give_back(self, key: str) -> None:
        """Take back one event that turned out not to count."""
        self._windows.acquire_sliding_window_entry(self._key(key), self._limit, self._seconds, -1)


class SharedWindow:
    """Counts in Redis for all workers, and in this one's memory while Redis does not answer: a brake fails no request.

    While it does not answer it is asked once a second.
    """

    def __init__(self, shared: Limiter, local: Limiter, monotonic: Callable[[], float]) -> None:
        self._shared = shared
        self._local = local
        self._monotonic = monotonic
        self._ask_after = 0.0

    def take(self, key: str) -> Allowance:
        """See the port."""
        if self._monotonic() >= self._ask_after:
            try:
                return self._shared.take(key)
            except StorageError as error:
                self._distrust(error)
        return self._local.take(key)

    def give_back(self, key: str) -> None:
        """Take back one event that turned out not to count."""
        if self._monotonic() >= self._ask_after:
            try:
                return self._shared.give_back(key)
            except StorageError as error:
                self._distrust(error)
        return self._local.give_back(key)

    def _distrust(self, error: StorageError) -> None:
        self._ask_after = self._monotonic() + _REDIS_PAUSE_SECONDS
        _LOGGER.warning("the store of the rate limits does not answer, this worker counts alone: %s", error)


class RateLimits:
    """Makes limiters over one store: `memory:`, or `redis://…` shared by all workers, asked for `patience` seconds."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time, patience: float = _REDIS_SECONDS) -> None:
        self._clock = clock
        self._shared = None if url == MEMORY_URL else _redis(url, patience)

    def limiter(self, name: str, rate: str) -> Limiter:
        """Return a limiter; `name` is shown to clients in `RateLimit` and keeps its keys apart from others'."""
        local = SlidingWindow(name, rate, BoundedCounters(self._clock))
        if self._shared is None:
            return local
        return SharedWindow(SlidingWindow(name, rate, self._shared), local, time.monotonic)


def _redis(url: str, patience: float) -> Storage:
    """Open the store; nothing is connected before the first limit is asked for."""
    return cast(
        Storage,
        storage_from_string(
            url,
            wrap_exceptions=True,
            key_prefix="signet",
            socket_timeout=patience,
            socket_connect_timeout=patience,
            max_connections=_REDIS_CONNECTIONS,
        ),
    )


def _wait(room: int, before: int, fades: float, left: float, seconds: int) -> float:
    """Return the seconds until one more is granted, when this window alone leaves `room`.

    The window before fades evenly: with `fades` seconds to go it weighs `before * fades / seconds`, which has to sink
    below the room. Where there is none, this window has to end.
    """
    wait = fades - room * seconds / before if room > 0 and before else left
    return max(0.0, wait) + _A_MOMENT
