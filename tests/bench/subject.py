"""What is put under load, and what one operation cost it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import accounting, load
from tests.bench.accounting import Trees
from tests.bench.load import Load

SECONDS = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """One operation under load; `cpu_ms` is per request, by process."""

    name: str
    load: Load
    cpu_ms: Mapping[str, float]

    @property
    def total_ms(self) -> float:
        return sum(self.cpu_ms.values())


@dataclass(frozen=True, slots=True)
class Operation:
    """`make` gives so many requests. `most` are made for each second of load; far more than two cores can answer."""

    name: str
    most: int
    make: Callable[[int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is put under load."""

    url: str
    trees: Trees
    folder: Path

    def measure(self, operation: Operation, done: Callable[[int], bool]) -> Cell:
        """Load it, wait until it is quiet again, and share the CPU among the requests.

        `done` tells whether everything that so many requests have caused has happened.
        """
        accounting.wait_until_quiet(self.trees, lambda: True)
        requests = self.folder / "requests"
        load.write_requests(requests, operation.make(operation.most * SECONDS))
        before = accounting.cpu_ms(self.trees)
        measured = load.run(self.url, requests, SECONDS)
        accounting.wait_until_quiet(self.trees, lambda: done(measured.requests))
        used = accounting.used_ms(self.trees, before)
        return Cell(operation.name, measured, {name: ms / measured.requests for name, ms in used.items()})

    def warm_up(self, operation: Operation, seconds: int) -> int:
        """Load it without measuring; returns how many requests were answered."""
        requests = self.folder / "requests"
        load.write_requests(requests, operation.make(operation.most * seconds))
        return load.run(self.url, requests, seconds).requests
