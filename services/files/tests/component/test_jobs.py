"""What the scheduler may ask of files, and nobody else."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from services.files.tests.component.conftest import CALLER, KEYS
from sqlalchemy import update
from werkzeug.test import TestResponse

from signet_common.passport import PassportIssuer
from signet_files.adapters.outbound.tables import FILES
from signet_files.bootstrap.contracts import contract
from signet_files.domain.files import AT_ONCE

TARGET = "/internal/jobs/collect-orphans"
NOTHING = {
    "uploads": 0, "files": 0, "blobs": 0, "failed": 0, "strangers_kept": 0, "after": "", "finished": True,
}  # fmt: skip


def ask(api: Any, target: str = TARGET, issuer: str = "scheduler", **claims: Any) -> TestResponse:
    """As the scheduler does."""
    told = {"authentication": "service", "user_id": None, "scope": "", "credential_id": ""} | claims
    body = hashlib.sha256(b"").hexdigest()
    passport = replace(CALLER, method="POST", target=target, body_sha256=body, **told)
    token = PassportIssuer(issuer, {"files": KEYS[issuer]}).issue(passport)
    answer: TestResponse = api.client.post(target, headers={"X-Passport": token})
    return answer


def test_the_scheduler_has_orphans_collected_and_hears_what_that_was(api: Any) -> None:
    """Twice is fine: whatever is gone is not found again."""
    kept, *late = (api.put() for _ in range(3))
    for file in late:
        api.call("DELETE", f"/api/v1/files/{file['file_id']}")
    over = update(FILES).where(FILES.c.file_id != kept["file_id"]).values(due_at=AT_ONCE)
    api.service.database.write(lambda connection: connection.execute(over))
    answer = ask(api)
    assert (answer.status_code, answer.json["data"]) == (200, NOTHING | {"files": 2})
    assert ask(api).json["data"] == NOTHING
    assert len(api.blobs()) == 1
    assert api.call("GET", f"/api/v1/files/{kept['file_id']}/content").data == b"content"


def test_the_end_of_a_retention_is_told_like_any_other_destruction(sqlite_api: Any) -> None:
    """The file is gone for good only now, and nobody has asked for it: the audit log has to say so."""
    file = sqlite_api.put()
    sqlite_api.call("DELETE", f"/api/v1/files/{file['file_id']}")
    over = update(FILES).values(due_at=AT_ONCE)
    sqlite_api.service.database.write(lambda connection: connection.execute(over))
    for _ in range(2):
        ask(sqlite_api)
    told = [event for event in sqlite_api.events() if event["type"] == "signet.files.file.destroy.v1"]
    assert [(event["subject"], event["sequence"]) for event in told] == [(f"file/{file['file_id']}", 3)]
    assert told[0]["data"]["actor"]["user_name"] == "deployment"
    assert told[0]["data"]["changes"]["file_state"] == ["deleted", None]


def test_nothing_is_collected_while_a_database_is_restored_whoever_asks(make_api: Any, tmp_path: Path) -> None:
    """An old copy holds deletions whose time is over by now; the run of the job says why it failed."""
    api = make_api(f"sqlite:///{tmp_path}/files.sqlite3", collect_minutes=0)
    file = api.put()
    api.call("DELETE", f"/api/v1/files/{file['file_id']}")
    api.service.database.write(lambda connection: connection.execute(update(FILES).values(due_at=AT_ONCE)))
    answer = ask(api)
    assert (answer.json["return_code"], answer.json["return_msg"]) == (
        403002,
        "collecting is switched off: FILES_COLLECT_MINUTES is 0",
    )
    assert len(api.blobs()) == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"issuer": "gateway"},
        {"issuer": "gateway", "authentication": "api_key", "user_id": 1, "scope": "any"},
        {"authentication": "api_key"},
        {"authentication": "none"},
    ],
)
def test_nobody_else_asks_for_jobs(sqlite_api: Any, claims: dict[str, Any]) -> None:
    """Not the gateway either, whoever stands behind it."""
    assert ask(sqlite_api, **claims).json["return_code"] == 401016


@pytest.mark.parametrize(
    "target", ["/api/v1/files?file_name=x", "/api/v1/files/1/undelete", "/api/v1/file-keys/rotation"]
)
def test_the_scheduler_asks_for_nothing_else(sqlite_api: Any, target: str) -> None:
    """Even where it says that it may."""
    claims = {"user_id": 1, "scope": "any", "permission": "file:update"}
    assert ask(sqlite_api, target, **claims).json["return_code"] == 401016


@pytest.mark.parametrize("query", ["after=../x", "after=" + "a" * 129, "seconds=100", "after=a&after=b"])
def test_a_request_that_makes_no_sense_is_refused(sqlite_api: Any, query: str) -> None:
    assert ask(sqlite_api, f"{TARGET}?{query}").json["return_code"] == 400002


def test_jobs_are_in_no_contract() -> None:
    """So no gateway leads to them."""
    assert "internal" not in yaml.safe_dump(contract()["paths"])
