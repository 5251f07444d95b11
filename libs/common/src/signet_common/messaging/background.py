"""A background process: named loops in plain threads until a signal, and none of them dies unnoticed."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping

from signet_common.messaging.stopping import set_on_signals

logger = logging.getLogger(__name__)

Loop = Callable[[threading.Event], None]
"""Works until the event is set, then returns soon."""

STOP_SECONDS = 20.0


def run_loops(loops: Mapping[str, Loop], *, patience: float | None = STOP_SECONDS) -> int:
    """Run every loop until SIGTERM or SIGINT; the exit code: 1 when one of them died, for then all of them end.

    Then each may take `patience` seconds to return; None: as long as it takes, until somebody kills the process.
    A supervisor restarts the process, which is simpler to trust than a loop that restarts itself.
    """
    stop = threading.Event()
    died: list[str] = []
    threads = [
        threading.Thread(target=_guard, args=(name, loop, stop, died), name=name, daemon=True)
        for name, loop in loops.items()
    ]
    set_on_signals(stop, signal.SIGTERM, signal.SIGINT)
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(patience)
    return 1 if died else 0


def _guard(name: str, loop: Loop, stop: threading.Event, died: list[str]) -> None:
    try:
        loop(stop)
    except Exception:  # the last line of a process's loop: say what it was, then end
        logger.exception("the loop %s died", name)
        died.append(name)
    finally:
        stop.set()
