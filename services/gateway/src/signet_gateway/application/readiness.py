"""Whether the platform is ready, and if not, what is it that is not."""

from collections.abc import Callable, Sequence

from signet_gateway.application.ports import CheckResult, ReadinessProbe

_REMEMBERED_SECONDS = 1.0


class Readiness:
    """Puts the answers of all probes together.

    Anybody may ask, so an answer is remembered for a second: asking often costs the services nothing.
    """

    def __init__(self, probes: Sequence[ReadinessProbe], monotonic: Callable[[], float]) -> None:
        self._probes = probes
        self._monotonic = monotonic
        self._asked_at = float("-inf")
        self._report: dict[str, object] = {}

    def report(self) -> dict[str, object]:
        """Return `{"status": ready | degraded | failed, "checks": {name: {"status", "detail"}}}`."""
        now = self._monotonic()
        if now - self._asked_at >= _REMEMBERED_SECONDS:
            results: dict[str, CheckResult] = {}
            for probe in self._probes:
                results |= probe.probe()
            self._report, self._asked_at = _summary(results), self._monotonic()
        return self._report


def _summary(results: dict[str, CheckResult]) -> dict[str, object]:
    found = {result.status for result in results.values()}
    status = "failed" if "failed" in found else "degraded" if "degraded" in found else "ready"
    checks = {
        name: {"status": result.status, "detail": result.detail} if result.detail else {"status": result.status}
        for name, result in results.items()
    }
    return {"status": status, "checks": checks}
