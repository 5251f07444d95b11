"""Signals that ask a process to end, heard wherever its main thread stands."""

import _thread
import signal
from threading import Event
from types import FrameType


def set_on_signals(stop: Event, *numbers: signal.Signals) -> None:
    """Set the event when one of the signals comes.

    A handler interrupts the main thread in the middle of anything, also of `stop.wait()` while that holds the event's
    lock: to set it right there would be to wait for that lock for ever. So another thread does; not one of `threading`,
    which takes locks of its own to start.
    """

    def heard(_number: int, _frame: FrameType | None) -> None:
        _thread.start_new_thread(stop.set, ())

    for number in numbers:
        signal.signal(number, heard)
