"""Readiness: what a process needs, asked one by one and named in the answer."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, Protocol

logger = logging.getLogger(__name__)

BACKLOG_SECONDS = 10.0
"""How long an event may wait in its outbox before the service calls itself degraded."""

CheckStatus = Literal["ok", "degraded", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """How one need is met. `degraded` serves on; `failed` takes the process out of service."""

    status: CheckStatus = "ok"
    detail: str = ""


class Backlog(Protocol):
    """What waits to be taken on: how much of it, and for how long the oldest has waited."""

    @property
    def pending(self) -> int: ...
    @property
    def oldest_seconds(self) -> float: ...


def answers(ping: Callable[[], None]) -> Callable[[], Check]:
    """A check that fails when `ping` raises."""

    def check() -> Check:
        ping()
        return Check()

    return check


def drains(backlog: Callable[[], Backlog], within: float = BACKLOG_SECONDS) -> Callable[[], Check]:
    """A check that is degraded while something waits for more than `within` seconds.

    Of an outbox: the relay or the bus does not keep up; writes go on.
    """

    def check() -> Check:
        waiting = backlog()
        detail = f"pending={waiting.pending} oldest_seconds={waiting.oldest_seconds:.1f}"
        return Check("degraded" if waiting.oldest_seconds > within else "ok", detail)

    return check


def readiness(checks: Mapping[str, Callable[[], Check]]) -> tuple[dict[str, object], int]:
    """Ask every check; the document of `/readyz` and its HTTP status."""
    found = {name: _ask(name, check) for name, check in checks.items()}
    states = {check.status for check in found.values()}
    status = "failed" if "failed" in states else "degraded" if "degraded" in states else "ready"
    return {"status": status, "checks": {name: asdict(check) for name, check in found.items()}}, (
        503 if status == "failed" else 200
    )


def _ask(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as failed:  # noqa: BLE001 - whatever is wrong with a need, the answer is that it is not met
        logger.warning("readiness check %s failed: %s", name, type(failed).__name__)
        return Check("failed", type(failed).__name__)
