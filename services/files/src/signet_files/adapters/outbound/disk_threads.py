"""Where what waits for a disk is done: in threads beside gevent's loop, or where the caller is.

Each way is a `Start`: it takes a function with its arguments, and returns what waits for the result. So a caller may go
on meanwhile.
"""

from collections.abc import Callable
from typing import Any

Start = Callable[..., Callable[[], Any]]

THREADS = 8
"""How many reads and writes wait for the disk at once."""


def in_threads() -> Start:
    """The way of a web process: whoever waits for a result, all other greenlets go on."""
    from gevent.threadpool import ThreadPool  # the plain-thread processes never load gevent

    pool = ThreadPool(THREADS)

    def start(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        result: Callable[[], Any] = pool.spawn(function, *arguments).get
        return result

    return start


def directly(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """The way of a background process and of commands, which have no loop to keep free: it is done at once."""
    result = function(*arguments)
    return lambda: result
