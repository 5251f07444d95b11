"""The counters behind the rate limits of one worker: the storage that the `limits` library asks for, bounded.

The library's own MemoryStorage holds a key for each address of a whole window and walks all of them in a thread that it
starts anew up to a hundred times a second: who sends from many addresses would fill the memory and the CPU. Here the
key that was silent for longest is forgotten, and nothing runs on the side.
"""

from collections import OrderedDict
from collections.abc import Callable

from limits.storage import SlidingWindowCounterSupport, Storage

MOST_KEYS = 10_000
_Window = tuple[int, int, int]
"""The window's number since the epoch of the clock, the count of the window before, the count of this one."""


class BoundedCounters(Storage, SlidingWindowCounterSupport):
    """Counts for the sliding window strategy, and for no other. Used by greenlets of one thread."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float], most_keys: int = MOST_KEYS) -> None:
        super().__init__()
        self._clock = clock
        self._most_keys = most_keys
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """Memory does not fail."""
        return ()

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` if that keeps the weighted sum of this window and the one before within `limit`."""
        number, left, before, count = self._now(key, expiry)
        if int(before * left) + count + amount > limit:
            return False
        self._windows[key] = number, before, count + amount
        self._windows.move_to_end(key)
        if len(self._windows) > self._most_keys:
            self._windows.popitem(last=False)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return count and seconds left of the window before, then of this one."""
        _, left, before, count = self._now(key, expiry)
        return before, left * expiry, count, (left + 1) * expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 - the library's signature
        """Forget a key."""
        self.clear(key)

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._windows.pop(key, None)

    def reset(self) -> int:
        """Forget everything; return how many keys that was."""
        known = len(self._windows)
        self._windows.clear()
        return known

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Fixed windows are not counted here."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Fixed windows are not counted here."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Fixed windows are not counted here."""
        raise NotImplementedError

    def _now(self, key: str, expiry: int) -> tuple[int, float, int, int]:
        """Return the window's number, the part of it that is left (0 to 1), and both counts."""
        windows = self._clock() / expiry
        number = int(windows)
        then, before, count = self._windows.get(key) or (number, 0, 0)
        if then != number:
            before, count = (count if then == number - 1 else 0), 0
        return number, number + 1 - windows, before, count
