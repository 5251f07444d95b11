"""argon2id (RFC 9106), kept off the event loop.

One hash costs 20 ms of a core and 19 MiB. It runs in threads that leave half of the machine's cores to everybody else:
more would only take the core from each other, and the memory's bandwidth from all.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from threading import get_native_id
from typing import Any, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from signet_identity.domain.errors import TooManySignIns
from signet_identity.domain.password_cost import PasswordCost

THREADS = max(1, (os.cpu_count() or 1) // 2)
MOST_WAITING = 24
"""Sign-ins at work or waiting: with one thread half a second for the last of them."""
DRAINED_SECONDS = 1.0
_LEAST_PRIORITY = 19

Run = Callable[..., Any]
"""Calls a function with arguments and returns its result, wherever it is good to run it."""


class Argon2Passwords:
    """Hashes at a given cost. One lane: a second would take another core at once and make guessing no dearer."""

    def __init__(self, run: Run, cost: PasswordCost) -> None:
        self._run = run
        self._hasher = PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=1)
        # Made with the very parameters of real hashes, so that it takes as long to refuse.
        self._dummy = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the encoded hash, with its salt and parameters."""
        encoded: str = self._run(self._hasher.hash, password)
        return encoded

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Compare, with the same work whether there is a hash or not."""
        matches: bool = self._run(self._matches, password_hash or self._dummy, password)
        return matches and bool(password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters, or in another form, than today's."""
        try:
            return self._hasher.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


class Pool(Protocol):
    """The part of gevent's thread pool that is used here."""

    def apply(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any: ...


class HashingThreads:
    """Runs in gevent's threads while the caller's greenlet waits and all others go on.

    At most `most` callers wait: whoever gave up meanwhile has been hashed for nothing, and a queue that only grows
    would keep everybody out.
    """

    def __init__(self, pool: Pool, most: int = MOST_WAITING) -> None:
        self._pool = pool
        self._free = most

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's result. Raises TooManySignIns."""
        if self._free <= 0:
            raise TooManySignIns("too many sign-ins at this moment: try again in some seconds", DRAINED_SECONDS)
        self._free -= 1
        try:
            return self._pool.apply(_behind_everybody, (function, *arguments))
        finally:
            self._free += 1


def _behind_everybody(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run behind everybody else who wants a core. Only on Linux has each thread a priority of its own."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _LEAST_PRIORITY)
    return function(*arguments)


def in_threads() -> Run:
    """The way of a web process."""
    from gevent.threadpool import ThreadPool  # the plain-thread processes never load gevent

    return HashingThreads(ThreadPool(THREADS))


def directly(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run where the caller is: commands have no loop to keep free."""
    return function(*arguments)
