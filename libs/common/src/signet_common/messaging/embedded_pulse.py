"""A service's pulse on the embedded bus: the time of an empty file beside the bus.

Not a row in it: four times a second that would be a commit, which every writer has to wait for and which wakes every
consumer. Touching a file costs microseconds and never reaches the disk in a hurry.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from signet_common.messaging.ports import BusUnavailable, pulse_key


class PulseFile:
    """The pulse of one service, beside the bus at `bus`."""

    def __init__(self, bus: Path, service: str) -> None:
        self._path = bus.with_name(f"{bus.name}.pulse-{service}")

    def beat(self) -> None:
        """Set the file's time to now; BusUnavailable where that fails."""
        try:
            os.close(os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            os.utime(self._path)
        except OSError as error:
            raise BusUnavailable(f"the embedded bus: {error}") from error

    def stamp(self) -> int:
        """Return what differs after each beat; 0 before the first."""
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0


class Pulses:
    """The pulses that a tail may hear: those of the services that its bindings name."""

    def __init__(self, bus: Path, bindings: Sequence[str]) -> None:
        services = {binding.partition(".")[0] for binding in bindings} - {"*", "#"}
        self._files = {pulse_key(service): PulseFile(bus, service) for service in sorted(services)}
        self._heard = self.stamps()

    def stamps(self) -> dict[str, int]:
        """Return the stamps of this moment, by routing key: what is in the bus now was published before them."""
        return {key: file.stamp() for key, file in self._files.items()}

    def beaten(self, stamps: dict[str, int]) -> list[str]:
        """Return the keys that have beaten since they were last asked for here."""
        new = [key for key, stamp in stamps.items() if stamp and stamp != self._heard.get(key)]
        self._heard |= stamps
        return new
