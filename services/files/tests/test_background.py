"""The background process: events leave, what is over is erased, orphans are collected, and by one process at a time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from services.files.tests.storing import CALLER, NOTHING, Sent, Service
from sqlalchemy import update

from signet_common.messaging.connect import open_bus
from signet_common.sql.database import DatabaseUnavailable
from signet_common.sql.leases import Leases
from signet_files.adapters.inbound.collect_loop import AGAIN_SECONDS, LEAST_REST_SECONDS, CollectLoop
from signet_files.adapters.outbound.tables import FILES, LEASES
from signet_files.application.collected import Collected
from signet_files.bootstrap.background import background_loops
from signet_files.domain.errors import StorageUnavailable
from signet_files.domain.files import AT_ONCE
from signet_files.settings import Settings

DEADLINE_SECONDS = 20.0


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(**chosen: Any) -> Settings:
        return Settings(
            database_url=f"sqlite:///{tmp_path}/files.sqlite3",
            bus_url=f"sqlite:{tmp_path}/bus.sqlite3",
            blobs_url=f"file:{tmp_path}/blobs",
            keyring=tmp_path / "none",
            **chosen,
        )

    return make


@contextmanager
def running(loop: Callable[[threading.Event], None]) -> Iterator[threading.Thread]:
    stop = threading.Event()
    thread = threading.Thread(target=loop, args=(stop,), daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def add_orphan(service: Service) -> None:
    service.delete(CALLER, service.put(Sent(b"x")).file_id, expected=None)
    service.database.write(lambda connection: connection.execute(update(FILES).values(due_at=AT_ONCE)))


def test_the_relay_moves_what_waits_in_the_outbox_onto_the_bus(sqlite_service: Service, settings: Any) -> None:
    """The loops are named, because `--only` and supervisors choose them by name."""
    loops = background_loops(settings())
    assert loops.keys() == {"relay", "purge", "collect"}
    consumer = open_bus(settings().bus_url).consumer("audit", ["files.#"])
    sqlite_service.put()
    with running(loops["relay"]):
        received = consumer.receive(10, DEADLINE_SECONDS)
    consumer.close()
    assert [delivery.routing_key for delivery in received] == ["files.file.insert"]


def test_orphans_are_collected_without_anybody_asking(sqlite_service: Service, settings: Any) -> None:
    """With the store that the settings name."""
    add_orphan(sqlite_service)
    with running(background_loops(settings())["collect"]):
        end = time.monotonic() + DEADLINE_SECONDS
        while sqlite_service.left() != NOTHING and time.monotonic() < end:
            time.sleep(0.01)
    assert sqlite_service.left() == NOTHING


def test_collecting_can_be_turned_off(settings: Any) -> None:
    """While a database is being restored, say."""
    assert "collect" not in background_loops(settings(collect_minutes=0))


def test_one_process_collects_at_a_time(sqlite_service: Service, settings: Any) -> None:
    """Replicas would only be in each other's way."""
    add_orphan(sqlite_service)
    leases = Leases(sqlite_service.database, LEASES, lambda: datetime.now(UTC) + timedelta(hours=1))
    assert leases.hold("collect", "another")
    with running(background_loops(settings())["collect"]):
        time.sleep(0.5)
    assert sqlite_service.states() == ["deleted"]


class Steps:
    """A collector whose steps were decided before."""

    def __init__(self, *steps: Collected | Exception) -> None:
        self.steps = list(steps)
        self.asked: list[str] = []

    def step(self, after: str) -> Collected:
        self.asked.append(after)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


class Waits:
    """A stop that notes how long is waited for it, and comes when nothing is left to do."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.waited: list[float] = []

    def is_set(self) -> bool:
        return not self._steps.steps

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


def test_the_loop_goes_on_where_it_was_and_rests_in_between(caplog: Any) -> None:
    """Short rests within a walk, a long one after it; what fails is tried again soon, and ends no other loop."""
    steps = Steps(
        Collected(files=3, after="", finished=False),
        Collected(after="7f", finished=False),
        RuntimeError("a mistake"),
        DatabaseUnavailable("gone"),
        StorageUnavailable("not now"),
        Collected(blobs=1),
        Collected(),
    )
    stop = Waits(steps)
    with caplog.at_level("INFO"):
        CollectLoop(steps, lambda: True, timedelta(minutes=60)).run(stop)
    assert steps.asked == ["", "", "7f", "7f", "7f", "7f", ""]
    assert stop.waited == [*[LEAST_REST_SECONDS] * 2, *[AGAIN_SECONDS] * 3, *[3600.0] * 2]
    assert [record.exc_info is None for record in caplog.records if record.levelname != "INFO"] == [False, True, True]
    (told,) = [record.collected for record in caplog.records if record.levelname == "INFO"]
    assert (told["files"], told["blobs"]) == (3, 1)
