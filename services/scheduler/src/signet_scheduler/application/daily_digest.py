"""The digest of a day's activity: counted by audit, added up here, mailed to each recipient."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, Protocol

from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.remote_job import pieces
from signet_scheduler.application.services import Services, ServiceUnavailable
from signet_scheduler.application.shipped_jobs import ActivityDigest

TEMPLATE = "activity_digest"
MOST_USERS = 10
MOST_KINDS = 1_000


class Mails(Protocol):
    """Takes mails on their way; whoever asks again under the same id has asked before."""

    def __call__(
        self,
        command_id: str,
        to: str,
        template: str,
        values: Mapping[str, Any],
        *,
        language: Literal["en", "zh"] | None = None,
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class DailyDigest:
    """Mails what happened on the UTC day before the slot, or before now where somebody asked for the run."""

    services: Services
    mails: Mails
    clock: Callable[[], datetime]

    def __call__(self, arguments: ActivityDigest, context: RunContext) -> Mapping[str, Any]:
        """Count once, then ask for one mail per recipient: a run that is repeated sends none of them twice."""
        day = ((context.scheduled_at or self.clock()).astimezone(UTC) - timedelta(days=1)).date()
        if not arguments.to:
            return {"day": day.isoformat(), "mails": 0}
        values = self._count(day, context.run_id)
        for number, address in enumerate(arguments.to):
            command_id = f"digest-{context.run_id}-{number}"
            self.mails(command_id, address, TEMPLATE, values, language=arguments.language)
        return {"day": day.isoformat(), "mails": len(arguments.to)}

    def _count(self, day: date, run_id: int) -> dict[str, Any]:
        totals: Counter[tuple[str, str, str]] = Counter()
        users: dict[int, tuple[str, int]] = {}
        refused: Counter[str] = Counter()
        try:
            for told in pieces(self.services, "audit", "activity-digest", run_id, {"day": day.isoformat()}):
                for kind in told["totals"]:
                    totals[kind["service"], kind["resource"], kind["operation"]] += kind["events"]
                for user in told["users"]:
                    before = users.get(user["user_id"], ("", 0))[1]
                    users[user["user_id"]] = (user["user_name"], before + user["events"])
                for name in ("sign_ins_refused", "requests_refused"):
                    refused[name] += told[name]
        except (KeyError, TypeError) as unfit:
            raise ServiceUnavailable(f"audit's digest cannot be read: {type(unfit).__name__}") from unfit
        most_active = sorted(users.items(), key=lambda user: (-user[1][1], user[0]))[:MOST_USERS]
        return {
            "day": day.isoformat(),
            "totals": [
                {"service": service, "resource": resource, "operation": operation, "events": events}
                for (service, resource, operation), events in sorted(totals.items())[:MOST_KINDS]
            ],
            "sign_ins_refused": refused["sign_ins_refused"],
            "requests_refused": refused["requests_refused"],
            "users": [{"user_name": name, "events": events} for _, (name, events) in most_active],
        }
