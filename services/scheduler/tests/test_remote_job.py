"""A job that goes in pieces is asked for until it is finished, and its result is all of them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.remote_job import MAX_PIECES, OwnPurge, RemoteJob
from signet_scheduler.application.services import ServiceUnavailable

CONTEXT = RunContext(7, 1, datetime(2026, 3, 1, tzinfo=UTC))


@dataclass
class FakeServices:
    """Says one thing after the other, and the last one for ever."""

    says: Sequence[Mapping[str, Any]]
    asked: list[tuple[str, str, int, dict[str, str]]] = field(default_factory=list)

    def ask(self, service: str, job: str, run_id: int, query: Mapping[str, str]) -> Mapping[str, Any]:
        self.asked.append((service, job, run_id, dict(query)))
        return self.says[min(len(self.asked), len(self.says)) - 1]


def test_pieces_are_asked_for_after_each_other_and_added_up(caplog: Any) -> None:
    """Each tells where the next one begins; whoever follows the log sees how it goes."""
    caplog.set_level(logging.INFO)
    services = FakeServices(
        [
            {"blobs": 2, "failed": 1, "after": "aa", "finished": False},
            {"blobs": 3, "failed": 0, "after": "", "finished": True},
        ]
    )
    assert RemoteJob(services, "files", "collect-orphans")(None, CONTEXT) == {"blobs": 5, "failed": 1}
    assert services.asked == [
        ("files", "collect-orphans", 7, {}),
        ("files", "collect-orphans", 7, {"after": "aa"}),
    ]
    assert "files has answered, piece 2: blobs 3, failed 0" in caplog.messages


def test_rows_are_added_up_by_table() -> None:
    """A purge has no place to go on from: it finds what is left."""
    services = FakeServices(
        [
            {"rows": {"outbox": 5, "sessions": 0}, "finished": False},
            {"rows": {"outbox": 1, "sessions": 2}, "finished": True},
        ]
    )
    result = RemoteJob(services, "identity", "purge")(None, CONTEXT)
    assert result == {"rows": {"outbox": 6, "sessions": 2}}
    assert [query for *_, query in services.asked] == [{}, {}]


@pytest.mark.parametrize("told", [{"finished": False}, {"finished": "yes"}, {}])
def test_a_service_that_never_finishes_is_ended(told: Mapping[str, Any]) -> None:
    """One that lies, too."""
    services = FakeServices([told])
    with pytest.raises(ServiceUnavailable, match="not finished"):
        RemoteJob(services, "files", "purge")(None, CONTEXT)
    assert len(services.asked) == MAX_PIECES


def test_a_place_to_go_on_that_is_none_is_not_sent() -> None:
    """It would be part of the next request."""
    with pytest.raises(ServiceUnavailable, match="where to go on"):
        RemoteJob(FakeServices([{"after": {"a": 1}, "finished": False}]), "files", "x")(None, CONTEXT)


def test_the_scheduler_purges_itself_without_a_call() -> None:
    """Its rows are its own."""

    @dataclass
    class Erased:
        rows: dict[str, int]
        finished: bool

    steps = iter([Erased({"outbox": 2}, False), Erased({"outbox": 1}, True)])
    assert OwnPurge(lambda seconds: next(steps))(None, CONTEXT) == {"rows": {"outbox": 3}}
