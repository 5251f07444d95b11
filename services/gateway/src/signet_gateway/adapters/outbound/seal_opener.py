"""Opens seals off the event loop: RSA costs a millisecond, in which a worker could have answered five requests.

A thread pool of its own, so that a flood of seals delays neither nonces nor anything else that waits for a thread; and
a bounded queue before it, with a share for each caller, so that one of them cannot fill it.
"""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from gevent.threadpool import ThreadPool

from signet_gateway.adapters.outbound.key_file import KeyFile, KeyFileUnusable
from signet_gateway.application.errors import Refusal
from signet_gateway.application.key_ring import KeyRing
from signet_gateway.application.ports import Clock, SealedPart
from signet_protocol.return_codes import ReturnCode
from signet_protocol.sealing import SealInvalid, new_content_key, open_request, unwrap

_LOGGER = logging.getLogger(__name__)
_THREADS = 2
_MOST_WAITING = 64
_MOST_WAITING_OF_ONE = 16
_LATER = (("Retry-After", "1"),)


class FileSealOpener:
    """A SealOpener and KeyDirectory over the key file at `path`, which is read again whenever it was replaced."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Read the file; raises KeyFileUnusable."""
        self._file = KeyFile(path)
        self._clock = clock
        self._stamp = self._file.stamp()
        self._ring = self._file.load()
        self._reading = Lock()
        self._pool = ThreadPool(_THREADS)
        self._waiting: Counter[str] = Counter()

    def published(self) -> dict[str, object]:
        """See the port KeyDirectory."""
        if self._file.stamp() != self._stamp:
            self._pool.apply(self._read_again)
        return dict(self._ring.published(self._clock()))

    def open(self, owner: str, part: SealedPart) -> tuple[bytes, bytes]:
        """See the port SealOpener."""
        if self._waiting.total() >= _MOST_WAITING or self._waiting[owner] >= _MOST_WAITING_OF_ONE:
            raise Refusal(ReturnCode.RATE_LIMITED, headers=_LATER)
        self._waiting[owner] += 1
        try:
            opened: tuple[bytes, bytes] | None = self._pool.apply(self._open, (part,))
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner]
        if opened is None:
            raise Refusal(ReturnCode.SEAL_INVALID)
        return opened

    def _open(self, part: SealedPart) -> tuple[bytes, bytes] | None:
        """Runs in a pool thread."""
        if self._file.stamp() != self._stamp:
            self._read_again()
        return open_seal(self._ring, self._clock(), part)

    def _read_again(self) -> None:
        """Take the new file; one that cannot be used changes nothing, and is tried again once it changes."""
        with self._reading:
            stamp = self._file.stamp()
            if stamp == self._stamp:
                return
            try:
                self._ring = self._file.load()
            except KeyFileUnusable as error:
                _LOGGER.warning("the sealing keys stay as they are: %s", error)
            self._stamp = stamp


class NoSealOpener:
    """A SealOpener and KeyDirectory of a gateway without keys."""

    def published(self) -> dict[str, object]:
        """See the port KeyDirectory."""
        return dict(KeyRing().published(0))

    def open(self, _owner: str, _part: SealedPart) -> tuple[bytes, bytes]:
        """Refuse: there is no key that anything could have been sealed to."""
        raise Refusal(ReturnCode.SEAL_INVALID)


def open_seal(
    ring: KeyRing, now: float, part: SealedPart, *, unwrap: Callable[[RSAPrivateKey, str], bytes] = unwrap
) -> tuple[bytes, bytes] | None:
    """Return the content key and what was sealed, None for a seal that does not open.

    Work is the same for everything that can be wrong. A name that is no accepted key's costs an operation with the
    active one, and a content key that does not unwrap is replaced by a random one, which then fails to open the body:
    nobody learns by the clock whether it was the name, the wrapping, the binding or the tag.
    """
    named = ring.accepted(part.key_id, now)
    used = named or ring.active(now)
    if used is None or used.private is None:
        return None
    sound = named is not None
    try:
        content_key = unwrap(used.private, part.x_key)
    except SealInvalid:
        content_key, sound = new_content_key(), False
    try:
        plaintext = b"" if part.text is None else open_request(content_key, part.text, part.binding)
    except SealInvalid:
        return None
    return (content_key, plaintext) if sound else None
