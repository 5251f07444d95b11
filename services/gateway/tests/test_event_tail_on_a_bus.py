"""Identity's events reach the cache over a real bus, the embedded one."""

import threading
import time
from datetime import UTC, datetime

from signet_common.messaging.connect import open_bus
from signet_common.messaging.event import OutgoingEvent, cloud_event, new_event_id
from signet_gateway.adapters.outbound.event_tail import BINDINGS, GrantEvents
from signet_gateway.adapters.outbound.grant_cache import Change


class Heard:
    """Collects what is heard, for another thread to wait for."""

    def __init__(self):
        self.everything = []

    def drop(self, change):
        self.everything.append(change)

    def listening(self):
        self.everything.append("listening")

    def told(self):
        self.everything.append("told")

    def deaf(self):
        self.everything.append("deaf")

    def wait_for(self, what):
        deadline = time.monotonic() + 10
        while what not in self.everything:
            assert time.monotonic() < deadline, self.everything
            time.sleep(0.01)


def outgoing(service, resource, object_id):
    event_id = new_event_id()
    body = cloud_event(
        event_id=event_id,
        service=service,
        resource=resource,
        operation="update",
        object_id=object_id,
        sequence=1,
        time=datetime.now(UTC),
        traceparent="",
        actor={},
        request={},
        changes={},
    )
    return OutgoingEvent(event_id, f"{service}.{resource}.update", body)


def test_a_revoked_key_is_heard_of_and_other_services_are_not(tmp_path):
    """Only identity can change what a caller may do."""
    url = f"sqlite:{tmp_path}/bus.sqlite3"
    bus, heard, stop = open_bus(url), Heard(), threading.Event()
    listening = threading.Thread(target=GrantEvents(lambda: bus.tail(BINDINGS), heard).run, args=(stop,))
    listening.start()
    try:
        heard.wait_for("listening")
        publishing = open_bus(url)
        publishing.publisher("resources").publish([outgoing("resources", "demo", "1")])
        publishing.publisher("identity").publish([outgoing("identity", "api_key", "7")])
        publishing.publisher("identity").pulse()
        heard.wait_for("told")
        assert heard.everything == ["listening", Change("api_key", "7"), "told"]
    finally:
        stop.set()
        listening.join(10)
