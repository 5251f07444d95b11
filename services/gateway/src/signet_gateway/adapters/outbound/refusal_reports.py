"""Tells identity each second what was refused: `POST /internal/refusals`, with a passport of the gateway's own.

A report is sent until identity has it, always the same bytes under the same key, so that one whose answer was lost is
recorded once. Meanwhile the refusals go on being counted, in bounded groups: nothing queues up and nobody waits.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event as Stop
from typing import Any

import orjson

from signet_common.passport import Passport
from signet_gateway.application.errors import UpstreamFailed
from signet_gateway.application.ports import Passports, Upstream
from signet_gateway.application.refusals import RefusalLog, Refused
from signet_protocol.signing import body_digest

_LOGGER = logging.getLogger(__name__)
_TARGET = "/internal/refusals"
_METHOD = "POST"
_INTERVAL_SECONDS = 1.0
_MOST_TOLD = 500  # what identity takes in one report


@dataclass(frozen=True, slots=True)
class _Report:
    key: str
    body: bytes
    count: int


class RefusalReports:
    """Delivers what a RefusalLog has counted. `dropped` is how many refusals no report will tell of."""

    def __init__(self, log: RefusalLog, identity: Upstream, passports: Passports) -> None:
        self._log = log
        self._identity = identity
        self._passports = passports
        self._taken: list[Refused] = []
        self._waiting: _Report | None = None
        self._failing = False
        self.dropped = 0

    def run(self, stop: Stop) -> None:
        """Report each second until `stop`."""
        while not stop.wait(_INTERVAL_SECONDS):
            try:
                self.deliver()
            except Exception:
                _LOGGER.exception("reporting refusals failed")

    def deliver(self, *, everything: bool = False) -> bool:
        """Report what there is, at the end `everything`; False while identity does not take it."""
        while (report := self._waiting or self._next(everything=everything)) is not None:
            self._waiting = report
            if not self._send(report):
                return False
            self._waiting = None
        return True

    def flush(self) -> None:
        """Report for the last time, and say how many refusals could not be reported."""
        if not self.deliver(everything=True):
            left = [*self._taken, *self._log.take(everything=True)]
            self.dropped += sum(refused.count for refused in left) + (self._waiting.count if self._waiting else 0)
            self._taken, self._waiting = [], None
        if self.dropped:
            _LOGGER.error("%d refusals are missing from the audit log", self.dropped)

    def _next(self, *, everything: bool) -> _Report | None:
        if not self._taken:
            self._taken = list(self._log.take(everything=everything))
        refused, self._taken = self._taken[:_MOST_TOLD], self._taken[_MOST_TOLD:]
        if not refused:
            return None
        body = orjson.dumps({"refusals": [_told(one) for one in refused]})
        return _Report(f"refusals/{secrets.token_hex(16)}", body, sum(one.count for one in refused))

    def _send(self, report: _Report) -> bool:
        """Send a report; True if there is nothing more to do about it."""
        try:
            answer = self._identity.send(_METHOD, _TARGET, self._headers(report), report.body)
        except UpstreamFailed as error:
            return self._failed(str(error))
        if answer.status == 200:
            self._failing = False
            return True
        if 400 <= answer.status < 500:
            _LOGGER.error("identity answered %d to a report of %d refusals", answer.status, report.count)
            self.dropped += report.count
            return True
        return self._failed(f"identity answered {answer.status}")

    def _failed(self, reason: str) -> bool:
        if not self._failing:
            _LOGGER.warning("refusals are not recorded for now: %s", reason)
        self._failing = True
        return False

    def _headers(self, report: _Report) -> list[tuple[str, str]]:
        passport = Passport(
            issuer="gateway",
            audience="identity",
            request_id=secrets.token_hex(16),
            method=_METHOD,
            target=_TARGET,
            body_sha256=body_digest(report.body),
            authentication="service",
            idempotency_key=report.key,
        )
        return [
            ("content-type", "application/json"),
            ("x-passport", self._passports.issue(passport)),
            ("x-request-id", passport.request_id),
        ]


def _told(refused: Refused) -> dict[str, Any]:
    group = refused.group
    return {
        "return_code": group.code.value,
        "reason": refused.reason or group.code.title,
        "credential": group.credential,
        "proven": group.proven,
        "client_ip": group.client_ip,
        "operation": group.operation,
        "count": refused.count,
        "since": datetime.fromtimestamp(refused.since, UTC),
        "until": datetime.fromtimestamp(refused.until, UTC),
        "user_id": refused.user_id,
        "request_id": refused.request_id,
        "method": refused.method,
        "target": refused.target,
    }
