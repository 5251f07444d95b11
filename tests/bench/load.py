"""Load from wrk: whole requests from a file, over 64 connections."""

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from signet_testing.packages import WRK

SCRIPT = Path(__file__).with_name("replay.lua")
CONNECTIONS = 64
GRACE_SECONDS = 30


class LoadFailed(Exception):
    """wrk did not run, or something other than success was answered: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk measured; latencies in milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def middle(loads: Sequence[Load]) -> Load:
    """All of them as one: their requests together, and the middle one of their latencies."""
    return Load(
        requests=sum(load.requests for load in loads),
        seconds=sum(load.seconds for load in loads),
        p50_ms=median(load.p50_ms for load in loads),
        p99_ms=median(load.p99_ms for load in loads),
    )


def write_requests(path: Path, requests: Iterable[bytes]) -> None:
    """Write whole requests where `replay.lua` finds them."""
    with path.open("wb") as file:
        file.writelines(request + b"\0" for request in requests)


def run(url: str, requests: Path, seconds: float, per_second: float | None = None) -> Load:
    """Send for that long, or until every request has been sent. Raises LoadFailed.

    With `per_second` every connection pauses before each request, as long as makes about that many in sum and never
    equally long: they would all come at once. Without it the next is sent as soon as the last is answered.
    """
    pause_ms = CONNECTIONS / per_second * 1000 if per_second else 0
    duration = max(1, round(seconds))
    command = [
        str(WRK.find("wrk")), "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{duration}s",
        "--timeout", "20s", "--script", str(SCRIPT), url, "--", str(requests), f"{pause_ms:.3f}",
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=duration + GRACE_SECONDS)
    try:
        measured = json.loads(ended.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise LoadFailed(f"wrk said: {ended.stdout} {ended.stderr}") from None
    refused, broken = measured.pop("refused"), measured.pop("broken")
    if refused or broken:
        raise LoadFailed(f"of {measured['requests']} requests {refused} were refused and {broken} broke off")
    return Load(**measured)
