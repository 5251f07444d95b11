"""From a BUS_URL to a bus. Only the adapter that is used gets imported: pika is not loaded beside the embedded bus."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from signet_common.messaging.ports import Bus, BusUrlInvalid


def open_bus(url: str) -> Bus:
    """Return the bus behind `sqlite:/absolute/path` or `amqp[s]://user:password@host:port/vhost`.

    Nothing is connected yet. BusUrlInvalid for any other address.
    """
    scheme, separator, rest = url.partition(":")
    if separator and scheme == "sqlite":
        from signet_common.messaging.embedded import EmbeddedBus

        return EmbeddedBus(_database_path(rest))
    if separator and scheme in {"amqp", "amqps"}:
        from signet_common.messaging.rabbitmq import RabbitBus

        _check_broker(url)
        return RabbitBus(url)
    raise BusUrlInvalid("a bus is sqlite:/path or amqp://user:password@host:port/vhost")


def _database_path(rest: str) -> Path:
    if not rest.startswith("/") or "?" in rest or rest.endswith("/"):
        raise BusUrlInvalid("the path of an embedded bus is absolute and names a file: sqlite:/path/bus.sqlite3")
    return Path("/" + unquote(rest).lstrip("/"))


def _check_broker(url: str) -> None:
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise BusUrlInvalid("a broker is amqp://user:password@host:port/vhost")
