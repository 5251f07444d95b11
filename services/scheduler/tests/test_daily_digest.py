"""The digest of a day: counted in parts, added up, and mailed once to each recipient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from signet_scheduler.application.daily_digest import DailyDigest
from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.services import ServiceUnavailable
from signet_scheduler.application.shipped_jobs import ActivityDigest
from signet_scheduler.domain.mails import Mail, MailState

SLOT = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


def part(events: int, users: list[tuple[int, str, int]], after: str = "") -> dict[str, Any]:
    return {
        "totals": [{"service": "files", "resource": "file", "operation": "insert", "events": events}],
        "users": [{"user_id": user_id, "user_name": name, "events": number} for user_id, name, number in users],
        "sign_ins_refused": 1,
        "requests_refused": 40,
        "after": after,
        "finished": not after,
    }


@dataclass
class FakeAudit:
    """Answers part after part."""

    says: list[dict[str, Any]]
    asked: list[dict[str, str]] = field(default_factory=list)

    def ask(self, service: str, job: str, run_id: int, query: Mapping[str, str]) -> Mapping[str, Any]:
        assert (service, job, run_id) == ("audit", "activity-digest", 7)
        self.asked.append(dict(query))
        return self.says[len(self.asked) - 1]


@dataclass
class FakeMails:
    """Keeps what was asked for, by id, and refuses what goes to `full`."""

    asked: dict[str, tuple[str, str, Mapping[str, Any], Any]] = field(default_factory=dict)
    full: str = "full@example.org"

    def __call__(
        self, command_id: str, to: str, template: str, values: Mapping[str, Any], *, language: Any = None
    ) -> Mail | None:
        if command_id in self.asked:
            return None
        self.asked[command_id] = (to, template, values, language)
        state: MailState = "refused" if to == self.full else "waiting"
        return Mail(1, to, template, "en", state, None, 0, SLOT, None, 1, 1, SLOT, None)


def run(audit: FakeAudit, mails: FakeMails, **arguments: Any) -> Mapping[str, Any]:
    return DailyDigest(audit, mails)(ActivityDigest(**arguments), RunContext(7, 1, SLOT))


def test_every_recipient_gets_one_mail_about_the_day_before_the_slot() -> None:
    """Parts are added up: whoever is active in both counts with both."""
    users = [(number, f"user{number}", 5) for number in range(3, 15)]
    audit = FakeAudit([part(3, [(1, "ann", 4), *users], after="5-9"), part(4, [(1, "ann", 4), (2, "bob", 6)])])
    mails = FakeMails()
    result = run(audit, mails, to=["a@example.org", "b@example.org"], language="zh")
    assert result == {"day": "2026-02-28", "mails": {"waiting": 2}}
    assert audit.asked == [{"day": "2026-02-28"}, {"day": "2026-02-28", "after": "5-9"}]
    assert [asked[0] for asked in mails.asked.values()] == ["a@example.org", "b@example.org"]
    _, template, values, language = mails.asked["digest-7-0"]
    assert (template, language) == ("activity_digest", "zh")
    assert values["totals"] == [{"service": "files", "resource": "file", "operation": "insert", "events": 7}]
    assert (values["day"], values["sign_ins_refused"], values["requests_refused"]) == ("2026-02-28", 2, 80)
    assert values["users"][:3] == [
        {"user_name": "ann", "events": 8},
        {"user_name": "bob", "events": 6},
        {"user_name": "user3", "events": 5},
    ]
    assert len(values["users"]) == 10


def test_a_run_that_is_repeated_asks_for_the_same_mails_under_the_same_names() -> None:
    """So whoever takes them sends each once."""
    mails = FakeMails()
    results = [run(FakeAudit([part(1, [])]), mails, to=["a@example.org"]) for _ in range(2)]
    assert [result["mails"] for result in results] == [{"waiting": 1}, {"asked_before": 1}]
    assert mails.asked.keys() == {"digest-7-0"}


def test_what_was_refused_is_not_told_as_mailed() -> None:
    """An address has its limit, and whoever reads the run's result looks for the mail."""
    result = run(FakeAudit([part(1, [])]), FakeMails(), to=["full@example.org", "a@example.org"])
    assert result["mails"] == {"refused": 1, "waiting": 1}


def test_without_recipients_nothing_is_counted() -> None:
    """As it ships: nobody's address is known."""
    audit = FakeAudit([])
    assert run(audit, FakeMails()) == {"day": "2026-02-28", "mails": {}}
    assert audit.asked == []


@pytest.mark.parametrize("told", [{"finished": True}, part(1, []) | {"totals": [1]}, part(1, []) | {"users": None}])
def test_what_is_no_digest_is_asked_for_again_and_mailed_to_nobody(told: dict[str, Any]) -> None:
    mails = FakeMails()
    with pytest.raises(ServiceUnavailable):
        run(FakeAudit([told]), mails, to=["a@example.org"])
    assert mails.asked == {}


@pytest.mark.parametrize(
    "arguments", [{"to": ["x"]}, {"to": ["a@example.org"] * 21}, {"to": ["a@b.c\nBcc: d@e.f"]}, {"language": "fr"}]
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, Any]) -> None:
    """Before a run is made of them."""
    with pytest.raises(ValidationError):
        ActivityDigest(**arguments)
