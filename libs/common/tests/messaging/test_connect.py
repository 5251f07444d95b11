"""From an address to a bus."""

from __future__ import annotations

import pytest

from signet_common.messaging.connect import open_bus
from signet_common.messaging.embedded import EmbeddedBus
from signet_common.messaging.ports import BusUrlInvalid


@pytest.mark.parametrize("url", ["sqlite:{}", "sqlite://{}", "sqlite:///{}"])
def test_a_path_opens_the_embedded_bus_there(tmp_path, event, url: str) -> None:
    """One slash or four, as other tools write it."""
    file = tmp_path / "bus.sqlite3"
    bus = open_bus(url.format(file))
    assert isinstance(bus, EmbeddedBus)
    bus.publisher("resources").publish([event()])
    assert file.exists()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite",
        "sqlite:",
        "sqlite:relative.sqlite3",
        "sqlite:/folder/",
        "sqlite:/a?mode=memory",
        "amqp:",
        "amqp://",
        "amqp://user:hunter2@host:port/",
        "amqp://user:hunter2@host/?heartbeat=never",
        "http://user:hunter2@host/",
    ],
)
def test_any_other_address_is_refused_without_repeating_it(url: str) -> None:
    """An address may hold a password, and the message ends in a log."""
    with pytest.raises(BusUrlInvalid) as refusal:
        open_bus(url)
    assert "hunter2" not in str(refusal.value)
