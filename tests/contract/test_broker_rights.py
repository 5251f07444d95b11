"""The broker users of deploy/rabbitmq: each service may do its own job, and nothing in another's name."""

from collections.abc import Callable, Mapping
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from signet_testing.broker_users import create_service_users
from signet_testing.rabbitmq import RabbitMqServer

pytestmark = pytest.mark.servers

REFUSED = 403


@pytest.fixture(scope="module")
def urls(rabbitmq: RabbitMqServer) -> Mapping[str, str]:
    """Service → URL, on a virtual host made from the operators' template alone."""
    return create_service_users(rabbitmq)


def attempt(url: str, act: Callable[[Any], object]) -> int:
    """0 if the broker let it happen, its reply code otherwise."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        act(channel)
        return 0
    except ChannelClosedByBroker as refused:
        return int(refused.reply_code)
    finally:
        connection.close()


def publish(routing_key: str, exchange: str = "signet.events") -> Callable[[Any], object]:
    return lambda channel: channel.basic_publish(exchange, routing_key, b"{}", mandatory=True)


def listen(routing_key: str, exchange: str = "signet.events") -> Callable[[Any], object]:
    def act(channel: Any) -> None:
        channel.queue_declare("signet.tail.test", exclusive=True)
        channel.queue_bind("signet.tail.test", exchange, routing_key)
        channel.basic_consume("signet.tail.test", lambda *_: None)

    return act


def consume(queue: str) -> Callable[[Any], object]:
    return lambda channel: channel.basic_get(queue)


ALLOWED: list[tuple[str, str, Callable[[Any], object]]] = [
    *[
        (service, "tell its own events", publish(f"{service}.x.update"))
        for service in ("identity", "resources", "files", "audit")
    ],
    ("identity", "ask for a mail", publish("mail.send", "signet.commands")),
    ("gateway", "hear of grants", listen("identity.#")),
    ("gateway", "hear the pulse", listen("identity.#", "signet.pulse")),
    ("scheduler", "wake its workers", publish("signet.jobs", "signet.jobs")),
    ("scheduler", "be woken", consume("signet.jobs")),
    ("audit", "read its queue", consume("signet.audit")),
    ("audit", "set aside what it cannot read", publish("signet.audit", "signet.dead")),
]
FORBIDDEN: list[tuple[str, str, Callable[[Any], object]]] = [
    ("resources", "speak for identity", publish("identity.user.update")),
    ("identity", "speak for resources", publish("resources.demo.insert")),
    ("audit", "speak for identity", publish("identity.user.update")),
    ("gateway", "tell events", publish("identity.user.update")),
    ("gateway", "beat for identity", publish("identity.pulse", "signet.pulse")),
    ("resources", "beat for identity", publish("identity.pulse", "signet.pulse")),
    ("identity", "beat for resources", publish("resources.pulse", "signet.pulse")),
    ("gateway", "hear what is no grant", listen("resources.#")),
    ("gateway", "hear everything", listen("#")),
    ("resources", "listen", listen("resources.#")),
    ("resources", "read the audit queue", consume("signet.audit")),
    ("gateway", "read the audit queue", consume("signet.audit")),
    ("resources", "write into the audit queue", publish("signet.audit", "")),
    *[
        (service, "ask for a mail", publish("mail.send", "signet.commands"))
        for service in ("resources", "audit", "gateway")
    ],
    *[
        (service, "read commands", consume("signet.commands"))
        for service in ("identity", "resources", "audit", "gateway")
    ],
    *[
        (service, "wake the scheduler's workers", publish("signet.jobs", "signet.jobs"))
        for service in ("identity", "resources", "audit", "gateway")
    ],
    ("resources", "take jobs", consume("signet.jobs")),
    ("scheduler", "write into every queue", publish("signet.audit", "")),
    ("scheduler", "set aside what audit cannot read", publish("signet.audit", "signet.dead")),
    ("scheduler", "remove its queue", lambda channel: channel.queue_delete("signet.jobs")),
    ("identity", "write into the queue of commands", publish("signet.commands", "")),
    ("identity", "remove the queue of commands", lambda channel: channel.queue_delete("signet.commands")),
    ("identity", "send commands elsewhere", lambda channel: channel.queue_bind("signet.audit", "signet.commands", "")),
    ("identity", "remove the audit queue", lambda channel: channel.queue_delete("signet.audit")),
    ("audit", "remove its queue", lambda channel: channel.queue_delete("signet.audit")),
    ("gateway", "remove the exchange", lambda channel: channel.exchange_delete("signet.events")),
]


@pytest.mark.parametrize(("service", "what", "act"), ALLOWED, ids=[f"{s}: {w}" for s, w, _ in ALLOWED])
def test_service_may_do_its_job(urls: Mapping[str, str], service: str, what: str, act: Callable[[Any], object]) -> None:
    """Rights that are too narrow stop the platform."""
    assert attempt(urls[service], act) == 0


@pytest.mark.parametrize(("service", "what", "act"), FORBIDDEN, ids=[f"{s}: {w}" for s, w, _ in FORBIDDEN])
def test_service_may_do_nothing_else(
    urls: Mapping[str, str], service: str, what: str, act: Callable[[Any], object]
) -> None:
    """Whoever breaks into one service must not be able to write another's history."""
    assert attempt(urls[service], act) == REFUSED
