"""A process that is asked to end at the worst moment ends all the same."""

import signal
from collections.abc import Iterator
from threading import Event, Lock

import pytest

from signet_common.messaging.stopping import set_on_signals


class EventAtTheDoor(Event):
    """An event as it is while the main thread enters `wait`: somebody holds the lock that `set` needs."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = Lock()

    def set(self) -> None:
        with self.lock:
            super().set()


@pytest.fixture
def stop() -> Iterator[EventAtTheDoor]:
    before = signal.getsignal(signal.SIGUSR1)
    event = EventAtTheDoor()
    set_on_signals(event, signal.SIGUSR1)
    yield event
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.timeout(30)
def test_a_signal_while_the_event_is_about_to_be_waited_for_is_heard(stop: EventAtTheDoor) -> None:
    """The handler runs in the very thread that holds the lock; what it does must not need that lock."""
    with stop.lock:
        signal.raise_signal(signal.SIGUSR1)
        assert not stop.is_set()
    assert stop.wait(10)


def test_a_second_signal_does_no_harm(stop: EventAtTheDoor) -> None:
    """Who is impatient presses Ctrl-C twice."""
    signal.raise_signal(signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    assert stop.wait(10)
