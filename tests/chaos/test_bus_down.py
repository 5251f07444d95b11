"""The bus is away: nobody who writes has to wait for it, somebody is told, and nothing has to be done afterwards."""

import secrets
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import orjson
import pytest

from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.rabbitmq import RabbitMqServer

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


def readiness(platform: Platform, process: str = "") -> dict[str, Any]:
    """What a process says about itself; the whole platform without a name."""
    port = platform.port_of(process) if process else platform.port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        assert answer.status == 200
        return dict(orjson.loads(answer.read()))


def test_writes_go_on_while_the_bus_is_away_and_the_outbox_drains_by_itself(
    platform: Platform, broker: RabbitMqServer | None
) -> None:
    """The outbox makes it possible; `/readyz` is how an operator hears of it before a customer does."""
    eventually(lambda: readiness(platform)["status"] == "ready", seconds=30, what="a platform in good health")
    with platform.client(retries=0) as client:
        with bus_away(platform, broker):
            made = [client.demos.create(f"b{secrets.token_hex(6)}") for _ in range(CHANGES)]

            def complaint() -> str:
                checks = readiness(platform)["checks"]
                return str(checks["resources"].get("detail", "")) if checks["resources"]["status"] == "degraded" else ""

            assert "outbox" in eventually(complaint, seconds=30, what="a complaint about the outbox")
            assert readiness(platform)["status"] == "degraded"
            outbox = readiness(platform, "resources-web")["checks"]["outbox"]["detail"]
            assert f"pending={CHANGES} " in outbox
            made.append(client.demos.create(f"b{secrets.token_hex(6)}"))
        eventually(lambda: readiness(platform)["status"] == "ready", seconds=40, what="recovery")
        for demo in (made[0], made[-1]):
            records = eventually(
                lambda demo=demo: client.audit.search(resource="demo", object_id=str(demo.demo_id)).items, seconds=20
            )
            assert [record.operation for record in records] == ["insert"]
