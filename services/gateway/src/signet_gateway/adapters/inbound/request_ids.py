"""Names for requests, by which logs, events and answers are matched."""

import os

_BYTES = 16
_IDS_AT_ONCE = 256


class RequestIds:
    """128 random bits each, in hex. The system's generator is asked for many at once: a call to it costs 4 µs.

    To be made after the fork of a worker: two processes that share what was fetched would give the same names.
    """

    def __init__(self) -> None:
        self._ids: list[str] = []

    def __call__(self) -> str:
        if not self._ids:
            digits = os.urandom(_BYTES * _IDS_AT_ONCE).hex()
            self._ids = [digits[start : start + 2 * _BYTES] for start in range(0, len(digits), 2 * _BYTES)]
        return self._ids.pop()
