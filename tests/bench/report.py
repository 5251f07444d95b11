"""The figures as Markdown tables."""

from collections.abc import Mapping, Sequence
from statistics import median

from tests.bench.bare import WAYS
from tests.bench.edge import Edge
from tests.bench.files import Files
from tests.bench.grants import GrantCost
from tests.bench.scheduler import Jobs
from tests.bench.subject import Cell


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
    _row("", "plain proxy_pass", "through the gateway", "added", f"at {edge.sign_ins.per_second:.0f} sign-ins/s")
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


def print_files(title: str, files: Files, yardstick: Cell) -> None:
    """How fast contents move, and what that costs; rates are medians, with the lowest and the highest."""
    print(f"\n### {title}: 100 MB, in MB/s\n")
    _row("", *WAYS)
    _row("---", *("---:" for _ in WAYS))
    for rate in files.rates:
        _row(rate.name, *(_spread(rate.rates.get(way)) for way in WAYS))
    *bare, through = files.rates
    for rate in bare[1:]:
        _row(f"**share of {rate.name}**", *(f"**{_share(through.middle(way), rate.middle(way))}**" for way in WAYS))
    print(f"\n### {title}: CPU ms for 100 MB, and growth in MB while 1 GiB moves, by process\n")
    _row("", "CPU up", "CPU down", "growth up", "growth down")
    _row("---", *["---:"] * 4)
    for name in sorted(files.cpu_up, key=lambda name: -files.cpu_up[name]):
        costs = (files.cpu_up[name], files.cpu_down[name], files.growth_up[name], files.growth_down[name])
        _row(name, f"{costs[0]:.0f}", f"{costs[1]:.0f}", *(f"{growth:.1f}" for growth in costs[2:]))
    print_table(f"{title}: files of 4 KB", files.small, yardstick)
    print(f"\n1 MiB takes {_spread(files.whole_ms)} ms as a file, {_spread(files.range_ms)} in the middle of 1 GiB.")


def _spread(values: Sequence[float] | None) -> str:
    """The median, the lowest and the highest."""
    if not values:
        return ""
    digits = 0 if median(values) >= 100 else 1
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def _share(part: float | None, whole: float | None) -> str:
    return f"{part / whole:.2f}" if part and whole else ""


def print_jobs(jobs: Jobs) -> None:
    """Runs per second and what each costs, how late slots start, and what an idle scheduler takes."""
    processes = sorted({process for each in jobs.throughput for process in each.cpu_ms})
    print("\n### jobs, enqueued and run\n")
    _row("", *(each.name for each in jobs.throughput))
    _row("---", *("---:" for _ in jobs.throughput))
    _row("**runs/s**", *(f"**{each.per_second:,.0f}**" for each in jobs.throughput))
    for process in processes:
        _row(f"CPU ms per run, {process}", *(f"{each.cpu_ms.get(process, 0.0):.2f}" for each in jobs.throughput))
    late = sorted(jobs.lateness.seconds)
    print(f"\nWith {jobs.lateness.schedules:,} schedules {len(late)} slots started {median(late):.2f} s", end=" ")
    print(f"after their time in the middle, {late[-1]:.2f} s at worst.")
    shares = " + ".join(f"{name} {share:.2%}" for name, share in jobs.idle.items())
    print(f"The idle scheduler takes **{sum(jobs.idle.values()):.2%}** of a core = {shares}")


def print_idle(title: str, megabytes: Mapping[str, float]) -> None:
    """Memory at rest, by process."""
    print(f"\nIdle memory of {title} (proportional set size, MB): **{sum(megabytes.values()):.0f}**", end=" = ")
    print(" + ".join(f"{name} {size:.0f}" for name, size in sorted(megabytes.items(), key=lambda each: -each[1])))


def _row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)
