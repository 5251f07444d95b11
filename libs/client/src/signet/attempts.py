"""Make one exchange as often as that is safe and may help, by a clock that learns the platform's time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from signet.errors import Refused, SignetError, SignExpired
from signet.retries import RetryPolicy
from signet_protocol.headers import WINDOW_SECONDS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Time:
    """The clock and the pause, so that a test needs neither."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Attempts:
    """What all requests of a connection have in common: the policy, and how far this machine's clock is off."""

    def __init__(self, policy: RetryPolicy, clock: Time) -> None:
        self._policy = policy
        self._clock = clock
        self._skew = 0.0

    def timestamp(self) -> int:
        """The unix time to sign with, in seconds."""
        return int(self._clock.now() + self._skew)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.sleep(seconds)

    def make(
        self, attempt: Callable[[], T], *, repeatable: bool, recover: Callable[[Refused], bool] | None = None
    ) -> T:
        """Return what `attempt` returns, which must sign anew each time it is called.

        `repeatable` says that it does no harm to apply the request twice. `recover` may say of a refusal that it has
        removed its cause, so that the attempt is made again at once. Raises the last attempt's SignetError.
        """
        sent, corrected = 0, False
        while True:
            sent += 1
            try:
                return attempt()
            except SignetError as error:
                if recover is not None and isinstance(error, Refused) and recover(error):
                    continue
                if isinstance(error, SignExpired) and not corrected and error.server_time is not None:
                    self._correct(error.server_time)
                    corrected = True
                    continue
                wait = self._policy.wait(error, sent=sent, repeatable=repeatable)
                if wait is None:
                    raise
                self._clock.sleep(wait)

    def _correct(self, server_time: int) -> None:
        self._skew = server_time - self._clock.now()
        if abs(self._skew) < WINDOW_SECONDS:
            self._clock.sleep(1)  # The clocks agree: the platform has forgotten its nonces up to now.
