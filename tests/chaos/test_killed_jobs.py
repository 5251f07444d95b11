"""A worker of jobs dies in the middle of one, and the broker forgets everything: the run ends, once."""

from urllib.parse import urlsplit

import pytest

from signet import Client
from signet.api.runs import Run
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.rabbitmq import RabbitMqServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

TAKEN_OVER_WITHIN = 60
ATTEMPTS = 5


def broken_off(platform: Platform, client: Client) -> Run:
    """A run whose worker was killed in the middle of it; where it was over by then, another one."""
    for _ in range(ATTEMPTS):
        run = client.jobs.run("drill", {"seconds": 2})
        eventually(lambda run=run: client.runs.log(run.run_id).lines, what="a run that logs")
        platform.kill("scheduler-worker")
        if not client.runs.get(run.run_id).ended:
            return run
    raise AssertionError("no worker was killed before its run was over")


@pytest.mark.parametrize("profile", [pytest.param("full", marks=pytest.mark.servers)], indirect=True, scope="session")
def test_a_run_whose_worker_is_killed_is_done_by_its_successor(platform: Platform, broker: RabbitMqServer) -> None:
    """What the row says is enough: no message survives, and nobody is asked to do anything."""
    vhost = urlsplit(platform.settings_of("scheduler-worker")["SCHEDULER_BUS_URL"]).path.strip("/")
    with platform.client() as client:
        run = broken_off(platform, client)
        broker.control("purge_queue", "-p", vhost, "signet.jobs")
        ended = eventually(
            lambda: (now := client.runs.get(run.run_id)).ended and now, TAKEN_OVER_WITHIN, "the end of the run"
        )
        assert ended.run_state == "succeeded"
        assert [attempt.outcome for attempt in ended.history] == ["interrupted", "succeeded"]

        def told(outcome: str) -> int:
            return len(client.audit.search(resource="run", operation=outcome, object_id=str(run.run_id)).items)

        eventually(lambda: told("succeeded"), what="its outcome in the audit log")
        assert [told(outcome) for outcome in ("succeeded", "failed", "interrupted")] == [1, 0, 0]
