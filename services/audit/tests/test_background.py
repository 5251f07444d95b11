"""The background process on the embedded bus: from any service's event, and from the log's own, to a record."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from signet_audit.adapters.outbound.tables import RECORDS
from signet_audit.bootstrap.background import background_loops
from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent, parse_event

DEADLINE_SECONDS = 20.0


@contextmanager
def running(loops: Any) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=loop, args=(stop,)) for loop in loops.values()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(DEADLINE_SECONDS)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("it has not happened")
        time.sleep(0.02)


def outgoing(delivery: Any) -> OutgoingEvent:
    return OutgoingEvent(parse_event(delivery).event_id, delivery.routing_key, delivery.body)


def test_every_event_and_every_search_becomes_one_record(sqlite_api: Any, support: Any, tmp_path: Path) -> None:
    """Recording that the log was read reads nothing, so one search makes one record and no more."""
    bus_url = f"sqlite:{tmp_path}/bus.sqlite3"
    loops = background_loops(support.settings(f"sqlite:///{tmp_path}/audit.sqlite3", bus_url))
    assert loops.keys() == {"relay", "consumers", "purge"}
    publisher = open_bus(bus_url).publisher("resources")
    publisher.publish([outgoing(support.tell(object_id=str(number))) for number in range(30)])
    with running(loops):
        eventually(lambda: demos(sqlite_api) == 30)
        publisher.publish([outgoing(support.tell(object_id="late"))])
        eventually(lambda: demos(sqlite_api) == 31)
        searches = [event["id"] for event in sqlite_api.told()]
        eventually(lambda: recorded_reads(sqlite_api) == searches)
    publisher.close()


def demos(api: Any) -> int:
    total: int = api.search("resource=demo&count=true&per_page=1")["total"]
    return total


def recorded_reads(api: Any) -> list[str]:
    """The ids of the log's own events in the log, read past the view, which would make more of them."""
    reads = select(RECORDS.c.event_id).where(RECORDS.c.resource == "record").order_by(RECORDS.c.record_id)
    ids: list[str] = api.service.database.read(lambda connection: connection.scalars(reads).all())
    return ids
