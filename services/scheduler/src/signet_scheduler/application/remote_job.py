"""A job of another service, asked for piece by piece until it is finished."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signet_common.observability.timing import timed
from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.services import Services, ServiceUnavailable

MAX_PIECES = 1_000
"""Of ten seconds each: hours, which no job of ours takes. A service that never finishes is ended here."""
SLOW_SECONDS = 20.0
"""For a piece, which is meant to take ten at most."""

_logger = logging.getLogger(__name__)


def pieces(
    services: Services, service: str, job: str, run_id: int, query: Mapping[str, str] | None = None
) -> Iterator[Mapping[str, Any]]:
    """Ask on, `after` what was done, and yield what each answer says. Raises ServiceUnavailable, NotRetryable."""
    after = ""
    for number in range(1, MAX_PIECES + 1):
        with timed(f"ask.{service}.{job}", slow=SLOW_SECONDS):
            told = services.ask(service, job, run_id, {**(query or {}), **({"after": after} if after else {})})
        _logger.info("%s has answered, piece %d: %s", service, number, _summary(told))
        yield told
        if told.get("finished") is True:
            return
        after = told.get("after") or ""
        if not isinstance(after, str):
            raise ServiceUnavailable(f"{service} does not say where to go on")
    raise ServiceUnavailable(f"{service} has not finished after {MAX_PIECES} requests")


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """Has `service` do `job`; the result of the run is what all answers count, added up."""

    services: Services
    service: str
    job: str

    def __call__(self, _arguments: object, context: RunContext) -> Mapping[str, Any]:
        """Ask until it is finished."""
        total: dict[str, Any] = {}
        for told in pieces(self.services, self.service, self.job, context.run_id):
            total = _added(total, told)
        return total


@dataclass(frozen=True, slots=True)
class OwnPurge:
    """The purge of the scheduler itself, which asks nobody over HTTP. `purge` is given the seconds that it may take."""

    purge: Callable[[float], Any]
    seconds: float = 10.0

    def __call__(self, _arguments: object, _context: RunContext) -> Mapping[str, Any]:
        """Purge until nothing is left."""
        total: dict[str, Any] = {}
        while True:
            erased = self.purge(self.seconds)
            total = _added(total, {"rows": dict(erased.rows)})
            _logger.info("erased: %s", dict(erased.rows))
            if erased.finished:
                return total


def _added(total: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers added up, by name, also those of objects inside; what is no number is left out."""
    result = dict(total)
    for name, value in told.items():
        if isinstance(value, Mapping):
            result[name] = _added(result.get(name, {}), value)
        elif isinstance(value, int) and not isinstance(value, bool):
            result[name] = result.get(name, 0) + value
    return result


def _summary(told: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in _added({}, told).items())
