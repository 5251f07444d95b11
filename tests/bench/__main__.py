"""`make bench`: what a request costs, in CPU of every process of the platform together, beside a bare hello.

PROFILE=sqlite|postgresql chooses one profile; without it both are measured, one after the other.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deploy.local.layout import ROOT
from tests.bench import accounting, edge, files, grants, hello, load, profiles, scheduler, signed_requests, transfers
from tests.bench.report import print_edge, print_files, print_grants, print_idle, print_jobs, print_table
from tests.bench.signed_requests import STORED, Signing
from tests.bench.subject import Cell, Operation, Subject

from signet_testing.packages import ServerMissing

WARM_UP_SECONDS = 1
SEED_SECONDS = 4
HELLO = Operation("hello", 40_000, signed_requests.hellos)
PER_SECOND = 6_000
OPERATIONS: dict[str, Callable[[Signing, int], Iterator[bytes]]] = {
    "get": signed_requests.gets,
    "list of 20": signed_requests.lists,
    "create": signed_requests.creates,  # last, so that the others find what was stored and no more
}


def measure_hello(folder: Path) -> Cell:
    """The yardstick."""
    with hello.running(folder, ROOT) as (url, trees):
        subject = Subject(url, trees, folder)
        subject.warm_up(HELLO, WARM_UP_SECONDS)
        return subject.measure(HELLO, lambda _: True)


def measure_platform(profile: str, folder: Path, yardstick: Cell) -> None:
    """Print the memory at rest and one line for each operation."""
    with profiles.running(profile, folder / "home") as measured:
        trees = {**measured.trees, **measured.servers}
        subject = Subject(measured.platform.url, trees, folder)
        accounting.wait_until_quiet(trees, lambda: True)
        idle = accounting.pss_mb(measured.trees)
        stored = 0
        while stored < STORED:
            stored += subject.warm_up(_operation("create", measured), SEED_SECONDS)
        cells = []
        for operation in (_operation(name, measured) for name in OPERATIONS):
            subject.warm_up(operation, WARM_UP_SECONDS)
            accounting.wait_until_quiet(trees, lambda: True)
            cells.append(subject.measure(operation, _recorded_since(measured.audited("demo"), measured)))
        at_edge = edge.measure(measured, folder, cells[0].load.per_second)
        costs = grants.measure(measured, folder) if profile == "sqlite" else []
        moved = files.measure(measured, subject)
    print_table(profile, cells, yardstick)
    print_edge(profile, at_edge)
    if costs:
        print_grants(costs)
    print_files(profile, moved, yardstick)
    print_idle(profile, idle)


def _operation(name: str, measured: profiles.Measured) -> Operation:
    credential = measured.platform.first_run.credential
    return Operation(name, PER_SECOND, lambda count: OPERATIONS[name](Signing.now(credential), count))


def _recorded_since(audited: int, measured: profiles.Measured) -> Callable[[int], bool]:
    """Whether the audit log holds as many more records as there were requests."""
    return lambda sent: measured.audited("demo") >= audited + sent


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("profiles", nargs="*", metavar="PROFILE", help=" or ".join(profiles.NAMES))
    chosen = parser.parse_args(arguments).profiles or profiles.NAMES
    if unknown := set(chosen) - set(profiles.NAMES):
        parser.error(f"unknown profile {', '.join(sorted(unknown))}")
    try:
        with tempfile.TemporaryDirectory(prefix="signet-bench-") as folder:
            yardstick = measure_hello(Path(folder))
            print_table("bare Gunicorn behind the same nginx", [yardstick], yardstick)
        with tempfile.TemporaryDirectory(prefix="signet-bench-") as folder:
            print_jobs(scheduler.measure(Path(folder)))
        for profile in chosen:
            with tempfile.TemporaryDirectory(prefix="signet-bench-") as folder:
                measure_platform(profile, Path(folder), yardstick)
    except (ServerMissing, load.LoadFailed, transfers.TransferFailed, accounting.NeverQuiet) as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
