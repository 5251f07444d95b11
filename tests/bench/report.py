"""The figures as Markdown tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.edge import Edge
from tests.bench.files import Files
from tests.bench.grants import GrantCost
from tests.bench.load import Load


@dataclass(frozen=True, slots=True)
class Cell:
    """One operation under load; `cpu_ms` is per request, by process."""

    name: str
    load: Load
    cpu_ms: Mapping[str, float]

    @property
    def total_ms(self) -> float:
        return sum(self.cpu_ms.values())


def print_table(title: str, cells: Sequence[Cell], yardstick: Cell) -> None:
    """Requests per second, latencies, and CPU per request: in sum, as a multiple of the yardstick's, by process."""
    processes = list(cells[0].cpu_ms)
    print(f"\n### {title}\n")
    _row("", *(cell.name for cell in cells))
    _row("---", *("---:" for _ in cells))
    _row("requests/s", *(f"{cell.load.per_second:,.0f}" for cell in cells))
    _row("p50 ms", *(f"{cell.load.p50_ms:.1f}" for cell in cells))
    _row("p99 ms", *(f"{cell.load.p99_ms:.1f}" for cell in cells))
    _row("**CPU ms per request**", *(f"**{cell.total_ms:.3f}**" for cell in cells))
    _row("times a bare hello", *(f"{cell.total_ms / yardstick.total_ms:.1f}" for cell in cells))
    for process in sorted(processes, key=lambda name: -sum(cell.cpu_ms[name] for cell in cells)):
        _row(process, *(f"{cell.cpu_ms[process]:.3f}" for cell in cells))


def print_edge(title: str, edge: Edge) -> None:
    """What the gateway adds to a read at half load, and what it is like while people sign in."""
    print(f"\n### {title}: a get at half load, {edge.per_second:,.0f} requests/s\n")
    _row("", "plain proxy_pass", "through the gateway", "added", f"with {edge.sign_ins} sign-ins meanwhile")
    _row("---", "---:", "---:", "---:", "---:")
    for name in ("per_second", "p50_ms", "p99_ms"):
        plain, through, busy = (getattr(each, name) for each in (edge.plain, edge.through, edge.signing_in))
        _row(name.replace("_", " "), *(f"{value:,.2f}" for value in (plain, through, through - plain, busy)))


def print_grants(costs: Sequence[GrantCost]) -> None:
    """What identity spends on a grant."""
    print("\n### a grant at identity\n")
    _row("", *(f"{cost.users:,} users, {cost.permissions:,} permissions" for cost in costs))
    _row("---", *("---:" for _ in costs))
    _row("grants/s", *(f"{cost.load.per_second:,.0f}" for cost in costs))
    _row("**CPU ms per grant**", *(f"**{cost.cpu_ms:.3f}**" for cost in costs))


def print_files(title: str, files: Files) -> None:
    """How fast contents move and what that costs in memory."""
    print(f"\n### {title}: files\n")
    _row("100 MB", "MB/s up", "MB/s down")
    _row("---", "---:", "---:")
    for rate in files.rates:
        _row(rate.name, f"{rate.up:,.0f}", f"{rate.down:,.0f}")
    print()
    _row("growth in MB while 1 GiB moves", *files.growth_up)
    _row("---", *("---:" for _ in files.growth_up))
    _row("up", *(f"{value:.1f}" for value in files.growth_up.values()))
    _row("down", *(f"{value:.1f}" for value in files.growth_down.values()))
    print()
    _row("4 KB", "files/s", "p50 ms", "p99 ms")
    _row("---", "---:", "---:", "---:")
    for name, found in (("up", files.uploads), ("down", files.downloads)):
        _row(name, f"{found.per_second:,.0f}", f"{found.p50_ms:.1f}", f"{found.p99_ms:.1f}")
    print(
        f"\n1 MiB takes {files.whole_ms:.1f} ms as a file of its own, {files.range_ms:.1f} ms in the middle of 1 GiB."
    )


def print_idle(title: str, megabytes: Mapping[str, float]) -> None:
    """Memory at rest, by process."""
    print(f"\nIdle memory of {title} (proportional set size, MB): **{sum(megabytes.values()):.0f}**", end=" = ")
    print(" + ".join(f"{name} {size:.0f}" for name, size in sorted(megabytes.items(), key=lambda each: -each[1])))


def _row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)
