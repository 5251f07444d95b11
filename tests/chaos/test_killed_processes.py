"""A thousand changes while everything dies in turn: what was acknowledged is in the audit log, once."""

import io
import itertools
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from signet import Client
from signet.api.files import FileQuery
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.rabbitmq import RabbitMqServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]

CHANGES = 1000
WRITERS = 6
RETRIES = 30
FILE_BYTES = 100_000
PREFIX = "kill-"
FILES_EVERY = 4
"""Every so many things are files, the others demos."""
Change = tuple[str, str, str, int]
"""Resource, operation, object id, object version: there is one record of each."""
State = tuple[str, str, int]
"""Name, state or SHA-256, version."""


class Writers:
    """Threads that make, change and remove demos and files, each with a client that repeats what got no answer.

    They write as much as they have been let. `acknowledged` holds each change that the platform has said yes to,
    `alive` the demos and files that must exist at the end.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._permits = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._done = False
        self.acknowledged: Counter[Change] = Counter()
        self.alive: dict[tuple[str, int], State] = {}

    def let(self, changes: int) -> None:
        """Let them make so many changes more."""
        self._permits.release(changes)

    def finish(self) -> None:
        """Let no more, and end them once they have used up what they were let."""
        self._done = True
        self._permits.release(WRITERS)

    def write(self) -> None:
        """One thread's work."""
        with self._platform.client(retries=RETRIES, timeout=10) as client:
            changes = self._endless_changes(client)
            while self._permits.acquire() and not self._done:
                change = next(changes)
                with self._lock:
                    self.acknowledged[change] += 1

    def _endless_changes(self, client: Client) -> Iterator[Change]:
        """Everything is made and changed, every other thing is removed."""
        for number in itertools.count():
            a_file = number // 2 % FILES_EVERY == 0
            yield from (self._file if a_file else self._demo)(client, remove=number % 2 == 1)

    def _demo(self, client: Client, *, remove: bool) -> Iterator[Change]:
        made = client.demos.create(PREFIX + secrets.token_hex(5))
        self.alive["demo", made.demo_id] = (made.demo_name, made.demo_state, made.version)
        yield ("demo", "insert", str(made.demo_id), made.version)
        changed = client.demos.update(made.demo_id, demo_state="inactive", if_match=made.version)
        self.alive["demo", made.demo_id] = (changed.demo_name, changed.demo_state, changed.version)
        yield ("demo", "update", str(made.demo_id), changed.version)
        if remove:
            client.demos.delete(made.demo_id, if_match=changed.version)
            del self.alive["demo", made.demo_id]
            # A removal is told with the version that follows the last one.
            yield ("demo", "delete", str(made.demo_id), changed.version + 1)

    def _file(self, client: Client, *, remove: bool) -> Iterator[Change]:
        content = io.BytesIO(secrets.token_bytes(FILE_BYTES))
        made = client.files.upload(content, file_name=PREFIX + secrets.token_hex(5))
        self.alive["file", made.file_id] = (made.file_name, made.sha256, made.version)
        yield ("file", "insert", str(made.file_id), made.version)
        changed = client.files.rename(made.file_id, f"{made.file_name}.dcm", if_match=made.version)
        self.alive["file", made.file_id] = (changed.file_name, changed.sha256, changed.version)
        yield ("file", "update", str(made.file_id), changed.version)
        if remove:
            client.files.delete(made.file_id, if_match=changed.version)
            del self.alive["file", made.file_id]
            yield ("file", "delete", str(made.file_id), changed.version + 1)


def deaths(platform: Platform, broker: RabbitMqServer | None) -> list[Callable[[], object]]:
    """What dies, one after the other; supervisord brings processes back, the operator the broker."""

    def broker_dies() -> None:
        assert broker is not None
        broker.kill()
        broker.start()

    return [
        lambda: platform.kill_worker("gateway-web"),
        lambda: platform.kill("audit-background"),
        *([broker_dies] if broker else []),
        lambda: platform.kill("audit-web"),
        lambda: platform.kill("identity-background"),
        lambda: platform.kill("identity-web"),
        # Its successor waits until the lease of the killed relay has run out: what comes before meets a busy relay.
        lambda: platform.kill("resources-background"),
        lambda: platform.kill("resources-web"),
        lambda: platform.kill("files-background"),
        lambda: platform.kill("files-web"),
        *[partial(platform.kill, name) for name in sorted(platform.processes()) if name.startswith("scheduler-")],
        lambda: platform.kill("gateway-web"),
        lambda: platform.kill_worker("resources-web"),
        lambda: platform.kill_worker("files-web"),
    ]


def await_changes(writers: Writers, count: int, working: list[Future[None]]) -> None:
    """Wait until so many are acknowledged; a writer that gave up raises what made it."""

    def enough() -> bool:
        for writer in working:
            if writer.done():
                writer.result()
        return writers.acknowledged.total() >= count

    eventually(enough, seconds=60, what=f"change {count}")


def recorded(client: Client) -> Counter[Change]:
    """All changes of demos and files that the audit log tells of."""
    found: Counter[Change] = Counter()
    for resource, operation in itertools.product(("demo", "file"), ("insert", "update", "delete")):
        for page in itertools.count(1):
            answer = client.audit.search(resource=resource, operation=operation, page=page, per_page=100)
            told = ((str(record.object_id), record.object_version or 0) for record in answer.items)
            found.update((resource, operation, *change) for change in told)
            if not answer.has_more:
                break
    return found


def settled(client: Client) -> Counter[Change]:
    """The same once audit has heard of everything that was done before: pages shift under whoever reads meanwhile."""
    last: list[Counter[Change]] = []

    def nothing_new() -> bool:
        time.sleep(1)
        last.append(recorded(client))
        return len(last) > 1 and last[-1] == last[-2]

    eventually(nothing_new, seconds=30, what="an audit log at rest")
    return last[-1]


def stored(client: Client) -> dict[tuple[str, int], State]:
    """All demos and files that there are; of each file all that it holds."""
    demos = client.demos.iterate(demo_name=PREFIX)
    found = {("demo", demo.demo_id): (demo.demo_name, demo.demo_state, demo.version) for demo in demos}
    for file in client.files.iterate(FileQuery(file_name=PREFIX)):
        with client.files.download(file.file_id) as download:
            assert len(b"".join(download)) == FILE_BYTES
        found["file", file.file_id] = (file.file_name, file.sha256, file.version)
    return found


def test_no_acknowledged_change_is_missing_from_the_audit_log_or_there_twice(
    platform: Platform, broker: RabbitMqServer | None
) -> None:
    """SIGKILL, because crashes, full memories and pulled plugs do not ask first."""
    before = platform.processes()
    with platform.client() as client:
        earlier = settled(client)
    writers = Writers(platform)
    plan = deaths(platform, broker)
    shares = [CHANGES * (number + 1) // len(plan) - CHANGES * number // len(plan) for number in range(len(plan))]
    with ThreadPoolExecutor(WRITERS) as pool:
        working = [pool.submit(writers.write) for _ in range(WRITERS)]
        try:
            for number, (death, share) in enumerate(zip(plan, shares, strict=True)):
                writers.let(share)
                await_changes(writers, sum(shares[:number]) + share // 2, working)
                death()  # The other half of this share is being written meanwhile.
            await_changes(writers, CHANGES, working)
        finally:
            writers.finish()
    assert writers.acknowledged.total() == CHANGES

    after = eventually(lambda: (now := platform.processes()).keys() >= before.keys() and now, 30, "all processes back")
    assert {name for name in before if after[name] == before[name]} <= {"nginx"}
    with platform.client(retries=RETRIES) as client:
        wanted = earlier + writers.acknowledged
        eventually(lambda: recorded(client).total() >= wanted.total(), seconds=40, what="all changes in the audit log")
        time.sleep(1)  # Whatever comes twice comes now.
        assert recorded(client) == wanted
        assert stored(client) == writers.alive
