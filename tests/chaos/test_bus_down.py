"""The bus is away: nobody who writes has to wait for it, somebody is told, and nothing has to be done afterwards."""

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import pytest

from signet_testing.doors import Door
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.rabbitmq import RabbitMqServer
from signet_testing.raw_http import RawRequest, send

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

CHANGES = 50


@contextmanager
def bus_away(platform: Platform, broker: RabbitMqServer | None) -> Iterator[None]:
    """The broker is killed; the bus in a file is held by somebody who does not let go, so nobody can publish."""
    if broker is None:
        with closing(sqlite3.connect(platform.home / "bus.sqlite3", isolation_level=None, timeout=30)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
        return
    broker.kill()
    try:
        yield
    finally:
        broker.start()


def readiness(door: Door) -> dict[str, Any]:
    """What a process says about itself, or the whole platform where clients call it."""
    return dict(json.loads(send(door, RawRequest("GET", "/readyz")).body))


def test_writes_go_on_while_the_bus_is_away_and_the_outbox_drains_by_itself(
    platform: Platform, broker: RabbitMqServer | None
) -> None:
    """The outbox makes it possible; `/readyz` is how an operator hears of it before a customer does."""

    def whole() -> str:
        return str(readiness(platform.port)["status"])

    def complains_about_the_outbox() -> bool:
        check = readiness(platform.port)["checks"]["resources"]
        return check["status"] == "degraded" and "outbox" in check["detail"]

    eventually(lambda: whole() == "ready", 30, "a platform in good health")
    with platform.client(retries=0) as client:
        with bus_away(platform, broker):
            made = [client.demos.create(f"b{secrets.token_hex(6)}") for _ in range(CHANGES)]
            eventually(complains_about_the_outbox, 30, "a complaint about the outbox")
            eventually(lambda: whole() == "degraded", 30, "a platform that serves on")
            waiting = readiness(platform.door_of("resources-web"))["checks"]["outbox"]["detail"]
            assert f"pending={CHANGES} " in waiting
            made.append(client.demos.create(f"b{secrets.token_hex(6)}"))
        eventually(lambda: whole() == "ready", 40, "recovery")
        for demo in made:
            found = partial(client.audit.search, resource="demo", object_id=str(demo.demo_id))
            records = eventually(lambda found=found: found().items, what=f"a record of {demo}")
            assert [record.operation for record in records] == ["insert"]
