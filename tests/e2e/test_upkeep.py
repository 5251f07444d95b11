"""The scheduler asks for upkeep on a running platform, and every service does its own."""

from typing import Any

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.raw_http import RawAnswer
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

RESULTS = {
    "collect-orphans": {"uploads", "files", "blobs", "failed", "strangers_kept"},
    "purge-nonces": {"rows"},
    "purge-identity": {"rows"},
    "purge-resources": {"rows"},
    "purge-files": {"rows"},
    "purge-audit": {"rows"},
    "purge-scheduler": {"rows"},
    "remind-expiring-keys": {"reminded"},
    "activity-digest": {"day", "mails"},
}


@pytest.mark.parametrize("platform", ["embedded"], indirect=True)
@pytest.mark.parametrize("job", RESULTS)
def test_a_job_is_done_by_the_service_that_it_belongs_to(api: SignedApi, job: str) -> None:
    """Over its own socket, under the key that the deployment has given to both."""
    asked = {"arguments": {"to": ["ada@example.org"]} if job == "activity-digest" else {}}
    # A slot of the same job may be under way, and most jobs do not overlap.
    run = eventually(lambda: done(api.call("POST", f"/api/v1/jobs/{job}/run", asked)))
    ended = ("succeeded", "failed", "interrupted", "cancelled", "skipped")
    target = f"/api/v1/runs/{run['run_id']}"
    eventually(lambda: done(api.call("GET", target))["run_state"] in ended)
    run = done(api.call("GET", target))
    assert (run["run_state"], run["error"]) == ("succeeded", None)
    assert run["result"].keys() == RESULTS[job]


def done(answer: RawAnswer) -> Any:
    """The data of a call that succeeded, None of one that did not."""
    return answer.envelope["data"] if answer.code == ReturnCode.SUCCESS else None
