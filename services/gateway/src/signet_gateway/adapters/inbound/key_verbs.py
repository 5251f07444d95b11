"""What an operator does with the sealing keys: rotate, retire, look."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from signet_gateway.application.key_ring import KeyRing


class KeyStore(Protocol):
    """Where the ring is kept."""

    def load(self) -> KeyRing:
        """Return the ring as it is."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep others from changing it meanwhile."""

    def exists(self) -> bool:
        """Whether there is a ring yet."""

    def save(self, ring: KeyRing) -> None:
        """Replace it."""

    def new_key(self) -> RSAPrivateKey:
        """Make a key for it."""


class KeyVerbs:
    """Each verb returns the lines to show."""

    def __init__(self, store: KeyStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def rotate(self, *, wait: int, overlap: int) -> list[str]:
        """Add a key, in seconds; the first one makes the ring."""
        with self._store.alone():
            ring = self._store.load() if self._store.exists() else KeyRing()
            ring = ring.rotated(self._store.new_key(), int(self._clock()), wait=wait, overlap=overlap)
            self._store.save(ring)
        return self.list()

    def retire(self, key_id: str) -> list[str]:
        """End a key. Raises KeyRingError."""
        with self._store.alone():
            self._store.save(self._store.load().retired(key_id, int(self._clock())))
        return self.list()

    def list(self) -> list[str]:
        """One line for each key, newest first."""
        return list(_lines(self._store.load(), self._clock()))


def _lines(ring: KeyRing, now: float) -> Iterator[str]:
    for key in ring.keys:
        until = "" if key.accepted_until is None else f"  until {_time(key.accepted_until)}"
        yield f"{ring.state(key, now):<9}  {key.key_id}  from {_time(key.active_from)}{until}"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
