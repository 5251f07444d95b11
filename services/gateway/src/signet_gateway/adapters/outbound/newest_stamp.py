"""The latest timestamp that any worker of this machine has claimed, in memory that all of them share.

Clients may stamp ahead of our clock. When the store is lost, whoever opens the next one has to refuse what the lost one
may have held, also what was stamped ahead and claimed at another worker. So this outlives the store: a file in memory
stays with those who have opened it, whatever becomes of its name.
"""

import fcntl
import mmap
import os
import struct
from pathlib import Path

_NUMBER = struct.Struct("=q")
_OWNER_ONLY = 0o600


class NewestStamp:
    """Unix seconds, 0 for none, kept in the file at `path`. Opening and closing raise OSError."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            # Not ftruncate: on a full disk the first write into a hole kills the process with SIGBUS.
            os.posix_fallocate(self._descriptor, 0, _NUMBER.size)
            self._memory = mmap.mmap(self._descriptor, _NUMBER.size)
        except BaseException:
            os.close(self._descriptor)
            raise

    @property
    def value(self) -> int:
        """The latest so far."""
        latest: int = _NUMBER.unpack_from(self._memory)[0]
        return latest

    def raise_to(self, timestamp: int) -> None:
        """Remember `timestamp` if it is later. As a rule it is not: then nothing is locked."""
        if timestamp <= self.value:
            return
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            _NUMBER.pack_into(self._memory, 0, max(timestamp, self.value))
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._memory.close()
        os.close(self._descriptor)
