"""Threads for what waits for a disk, beside gevent's loop."""

from collections.abc import Callable
from typing import Any

THREADS = 8
"""How many reads and writes wait for the disk at once."""


def in_threads() -> Callable[..., Any]:
    """The way of a web process: the caller's greenlet waits, all others go on."""
    from gevent.threadpool import ThreadPool  # the plain-thread processes never load gevent

    pool = ThreadPool(THREADS)

    def run(function: Callable[..., Any], *arguments: Any) -> Any:
        return pool.apply(function, arguments)

    return run


def directly(function: Callable[..., Any], *arguments: Any) -> Any:
    """The way of a background process and of commands, which have no loop to keep free."""
    return function(*arguments)
