"""What processes use, from /proc: CPU time of a tree of processes, by name, and memory."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from signet_testing.process import descendants

PROC = Path("/proc")
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
USER, SYSTEM = 11, 12
"""Positions of utime and stime in /proc/<pid>/stat, counted behind the name (proc(5), fields 14 and 15)."""

QUIET_SHARE = 0.12
"""Of one core: what all processes together may use at rest; with PostgreSQL they look around for 0.08."""
QUIET_SECONDS = 1.0
DRAIN_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Root:
    """A process, with all that it has started unless it is counted `alone`."""

    process: int
    alone: bool = False

    def processes(self) -> list[int]:
        """The processes of now: a server starts one for each connection."""
        return [self.process] if self.alone else [self.process, *descendants(self.process)]


Trees = Mapping[str, Root]


class NeverQuiet(Exception):
    """The processes still work long after the load has ended."""


def cpu_ms(trees: Trees) -> dict[str, float]:
    """Milliseconds of CPU that each tree has used so far, user and system together."""
    return {name: sum(map(_cpu_ms, root.processes())) for name, root in trees.items()}


def used_ms(trees: Trees, before: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds of CPU since `cpu_ms` returned `before`."""
    return {name: now - before[name] for name, now in cpu_ms(trees).items()}


def pss_mb(trees: Trees) -> dict[str, float]:
    """Proportional set size of each tree in megabytes: what is shared counts in parts."""
    return {name: sum(map(_pss_kb, root.processes())) / 1000 for name, root in trees.items()}


def reset_peaks(trees: Trees) -> dict[int, int]:
    """Forget how large each process has been; returns how large each is now, in kB of resident memory (proc(5))."""
    processes = [process for root in trees.values() for process in root.processes()]
    for process in processes:
        (PROC / str(process) / "clear_refs").write_text("5")
    return {process: _status_kb(process, "VmRSS") for process in processes}


def growth_mb(trees: Trees, before: Mapping[int, int]) -> dict[str, float]:
    """By how many MB the largest process of each tree has been larger at any time since `reset_peaks`."""
    return {
        name: max(_status_kb(process, "VmHWM") - before.get(process, 0) for process in root.processes()) / 1000
        for name, root in trees.items()
    }


def wait_until_quiet(trees: Trees, done: Callable[[], bool]) -> None:
    """Return when `done` says so and nobody works any more: what the load has left behind is part of its price.

    Raises NeverQuiet.
    """
    deadline = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline:
        before = sum(cpu_ms(trees).values())
        time.sleep(QUIET_SECONDS)
        if sum(cpu_ms(trees).values()) - before < QUIET_SHARE * QUIET_SECONDS * 1000 and done():
            return
    raise NeverQuiet(f"still at work {DRAIN_SECONDS:.0f} seconds after the load")


def _cpu_ms(process: int) -> float:
    try:
        fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[USER]) + int(fields[SYSTEM])) * TICK_MS


def _status_kb(process: int, field: str) -> int:
    lines = (PROC / str(process) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _pss_kb(process: int) -> int:
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
