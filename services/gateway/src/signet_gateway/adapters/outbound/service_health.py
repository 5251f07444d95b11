"""Asks every service for its `/readyz`, all at once."""

from collections.abc import Mapping

import gevent
import orjson

from signet_gateway.application.errors import UpstreamFailed
from signet_gateway.application.ports import CheckResult, Upstream, UpstreamAnswer

_TARGET = "/readyz"
_SILENT = CheckResult("failed", "does not answer")


class ServiceHealth:
    """A ReadinessProbe over the services; one that says nothing within `seconds` has failed."""

    def __init__(self, services: Mapping[str, Upstream], seconds: float) -> None:
        self._services = services
        self._seconds = seconds

    def probe(self) -> dict[str, CheckResult]:
        """See the port."""
        asked = {name: gevent.spawn(_ask, service) for name, service in self._services.items()}
        gevent.joinall(asked.values(), timeout=self._seconds)
        found = {name: greenlet.value if greenlet.successful() else _SILENT for name, greenlet in asked.items()}
        gevent.killall(list(asked.values()))
        return found


def _ask(service: Upstream) -> CheckResult:
    try:
        answer = service.send("GET", _TARGET, (), b"")
    except UpstreamFailed:
        return _SILENT
    return _judge(answer)


def _judge(answer: UpstreamAnswer) -> CheckResult:
    """Sum a service's own checks up; their details are for whoever asks that service."""
    try:
        document = orjson.loads(answer.body)
        checks = document["checks"].items()
        poor = sorted(f"{name} {check['status']}" for name, check in checks if check["status"] != "ok")
        status = document["status"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return CheckResult("failed", f"answered {answer.status} without a report")
    if answer.status != 200 or status not in {"ready", "degraded"}:
        return CheckResult("failed", ", ".join(poor))
    return CheckResult("degraded", ", ".join(poor)) if status == "degraded" else CheckResult("ok")
