"""The background process on the embedded bus: an event leaves the outbox by itself."""

import threading
from pathlib import Path
from typing import Any

from signet_common.messaging.connect import open_bus
from signet_resources.bootstrap.background import background_loops
from signet_resources.settings import Settings

DEADLINE_SECONDS = 20.0


def test_the_relay_moves_what_waits_in_the_outbox_onto_the_bus(sqlite_api: Any, tmp_path: Path) -> None:
    """The loops are named, because `--only` and supervisors choose them by name."""
    bus_url = f"sqlite:{tmp_path}/bus.sqlite3"
    loops = background_loops(Settings(database_url=f"sqlite:///{tmp_path}/resources.sqlite3", bus_url=bus_url))
    assert loops.keys() == {"relay", "purge"}
    consumer = open_bus(bus_url).consumer("audit", ["resources.#"])
    sqlite_api.create("waits")
    stop = threading.Event()
    relay = threading.Thread(target=loops["relay"], args=(stop,), daemon=True)
    relay.start()
    try:
        received = consumer.receive(10, DEADLINE_SECONDS)
    finally:
        stop.set()
        relay.join(DEADLINE_SECONDS)
        consumer.close()
    assert [delivery.routing_key for delivery in received] == ["resources.demo.insert"]
    assert not relay.is_alive()
