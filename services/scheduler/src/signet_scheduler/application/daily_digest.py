"""The digest of a day's activity: counted by audit, added up here, mailed to each recipient."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, Protocol

from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.remote_job import pieces
from signet_scheduler.application.services import Services, ServiceUnavailable
from signet_scheduler.application.shipped_jobs import ActivityDigest
from signet_scheduler.domain.mails import Language, Mail

TEMPLATE = "activity_digest"
MOST_USERS = 10
MOST_KINDS = 1_000


class AskForMails(Protocol):
    """Takes mails on their way, or refuses them; None for whoever has asked under the same id before."""

    def __call__(
        self,
        command_id: str,
        to: str,
        template: str,
        values: Mapping[str, Any],
        *,
        language: Language | None = None,
    ) -> Mail | None: ...


@dataclass(frozen=True, slots=True)
class DailyDigest:
    """Mails what happened on the UTC day before the one that the run is for, whenever it is attempted."""

    services: Services
    ask: AskForMails

    def __call__(self, arguments: ActivityDigest, context: RunContext) -> Mapping[str, Any]:
        """Count once, then ask for one mail per recipient: a run that is repeated sends none of them twice."""
        day = (context.due_at.astimezone(UTC) - timedelta(days=1)).date()
        became: Counter[str] = Counter()
        values = self._count(day, context.run_id) if arguments.to else {}
        for number, address in enumerate(arguments.to):
            command_id = f"digest-{context.run_id}-{number}"
            mail = self.ask(command_id, address, TEMPLATE, values, language=arguments.language)
            became[mail.mail_state if mail else "asked_before"] += 1
        return {"day": day.isoformat(), "mails": dict(became)}

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
