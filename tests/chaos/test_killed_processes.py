"""A thousand changes while everything dies in turn: what was acknowledged is in the audit log, once."""

import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from signet import Client
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.rabbitmq import RabbitMqServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

CHANGES = 1000
WRITERS = 6
RETRIES = 30
Change = tuple[str, str, int]
"""Operation, object id, object version: there is one record of each."""


class Writers:
    """Threads that make, change and remove demos, each with a client that repeats what got no answer.

    `acknowledged` holds each change that the platform has said yes to; `alive` the demos that must exist at the end.
    """

    def __init__(self, platform: Platform, changes: int) -> None:
        self._platform = platform
        self._tickets = itertools.islice(itertools.count(), changes)
        self._lock = threading.Lock()
        self.acknowledged: Counter[Change] = Counter()
        self.alive: dict[int, tuple[str, str, int]] = {}

    def write(self) -> None:
        """One thread's work, until the tickets of all are used up."""
        with self._platform.client(retries=RETRIES, timeout=10) as client:
            changes = self._endless_changes(client)
            while self._ticket():
                change = next(changes)
                with self._lock:
                    self.acknowledged[change] += 1

    def _ticket(self) -> bool:
        with self._lock:
            return next(self._tickets, None) is not None

    def _endless_changes(self, client: Client) -> Iterator[Change]:
        """Every demo is made and changed, every other one is removed."""
        for number in itertools.count():
            made = client.demos.create(f"c{secrets.token_hex(6)}")
            self.alive[made.demo_id] = (made.demo_name, made.demo_state, made.version)
            yield ("insert", str(made.demo_id), made.version)
            changed = client.demos.update(made.demo_id, demo_state="inactive", if_match=made.version)
            self.alive[made.demo_id] = (changed.demo_name, changed.demo_state, changed.version)
            yield ("update", str(made.demo_id), changed.version)
            if number % 2:
                client.demos.delete(made.demo_id, if_match=changed.version)
                del self.alive[made.demo_id]
                # A removal is told with the version that follows the last one.
                yield ("delete", str(made.demo_id), changed.version + 1)


def deaths(platform: Platform, broker: RabbitMqServer | None) -> list[Callable[[], object]]:
    """What dies, one after the other; supervisord brings processes back, the operator the broker."""

    def broker_dies() -> None:
        assert broker is not None
        broker.kill()
        broker.start()

    return [
        lambda: platform.kill("resources-background"),
        lambda: platform.kill_worker("gateway-web"),
        lambda: platform.kill("audit-background"),
        *([broker_dies] if broker else []),
        lambda: platform.kill("resources-web"),
        lambda: platform.kill("identity-background"),
        lambda: platform.kill("gateway-web"),
        lambda: platform.kill_worker("resources-web"),
        lambda: platform.kill("audit-web"),
        lambda: platform.kill("identity-web"),
    ]


def recorded(client: Client) -> Counter[Change]:
    """All changes of demos that the audit log tells of."""
    found: Counter[Change] = Counter()
    for operation in ("insert", "update", "delete"):
        for page in itertools.count(1):
            answer = client.audit.search(resource="demo", operation=operation, page=page, per_page=100)
            found.update((operation, str(record.object_id), record.object_version or 0) for record in answer.items)
            if not answer.has_more:
                break
    return found


def test_no_acknowledged_change_is_missing_from_the_audit_log_or_there_twice(
    platform: Platform, broker: RabbitMqServer | None
) -> None:
    """SIGKILL, because crashes, full memories and pulled plugs do not ask first."""
    before = platform.processes()
    writers = Writers(platform, CHANGES)
    plan = deaths(platform, broker)
    with ThreadPoolExecutor(WRITERS) as pool:
        working = [pool.submit(writers.write) for _ in range(WRITERS)]
        for number, death in enumerate(plan):
            due = CHANGES * (number + 1) // (len(plan) + 2)
            eventually(lambda due=due: writers.acknowledged.total() >= due, seconds=60, what=f"change {due}")
            death()
        assert not all(thread.done() for thread in working), "the writers were done before everything had died"
        for thread in working:
            thread.result()
    assert writers.acknowledged.total() == CHANGES

    expected = set(before) - {"nginx"}
    eventually(lambda: expected <= set(platform.processes()), seconds=30, what="all processes back")
    assert all(platform.processes()[name] != before[name] for name in expected)
    with platform.client(retries=RETRIES) as client:
        eventually(lambda: recorded(client).total() >= CHANGES, seconds=40, what="all changes in the audit log")
        time.sleep(1)  # Whatever comes twice comes now.
        assert recorded(client) == writers.acknowledged
        demos = {demo.demo_id: (demo.demo_name, demo.demo_state, demo.version) for demo in client.demos.iterate()}
        assert demos == writers.alive
