"""The broker users of deploy/rabbitmq: each service may do its own job, and nothing in another's name."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from signet_common.messaging.command import Command
from signet_common.messaging.connect import open_bus
from signet_testing.broker_users import DEFINITIONS, create_service_users
from signet_testing.eventually import eventually
from signet_testing.rabbitmq import RabbitMqServer

pytestmark = pytest.mark.servers

REFUSED = 403
SERVICES = ("gateway", "identity", "resources", "files", "audit", "scheduler")
DECLARED = json.loads(DEFINITIONS.read_text())
EXCHANGES = [exchange["name"] for exchange in DECLARED["exchanges"]]
QUEUES = [queue["name"] for queue in DECLARED["queues"]]


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
        return reply(channel, act)
    finally:
        connection.close()


def reply(channel: Any, act: Callable[[Any], object]) -> int:
    try:
        act(channel)
    except ChannelClosedByBroker as refused:
        return int(refused.reply_code)
    return 0


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
        for service in ("identity", "resources", "files", "audit", "scheduler")
    ],
    ("identity", "ask for a mail", publish("mail.send", "signet.send")),
    ("gateway", "hear of grants", listen("identity.#")),
    ("gateway", "hear the pulse", listen("identity.#", "signet.pulse")),
    ("scheduler", "wake its workers", publish("signet.jobs", "signet.wake")),
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
        (service, "ask for a mail", publish("mail.send", "signet.send"))
        for service in ("resources", "files", "audit", "gateway", "scheduler")
    ],
    *[
        (service, "read commands", consume("signet.commands"))
        for service in ("identity", "resources", "audit", "gateway")
    ],
    *[
        (service, "wake the scheduler's workers", publish("signet.jobs", "signet.wake"))
        for service in ("identity", "resources", "audit", "gateway")
    ],
    ("resources", "take jobs", consume("signet.jobs")),
    ("scheduler", "write into every queue", publish("signet.audit", "")),
    ("scheduler", "set aside what audit cannot read", publish("signet.audit", "signet.dead")),
    ("scheduler", "remove its queue", lambda channel: channel.queue_delete("signet.jobs")),
    ("identity", "write into the queue of commands", publish("signet.commands", "")),
    ("identity", "remove the queue of commands", lambda channel: channel.queue_delete("signet.commands")),
    ("identity", "send commands elsewhere", lambda channel: channel.queue_bind("signet.audit", "signet.send", "")),
    ("identity", "remove the audit queue", lambda channel: channel.queue_delete("signet.audit")),
    ("audit", "read what was set aside", consume("signet.audit.dead")),
    ("scheduler", "speak for identity", publish("identity.user.update")),
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


def rerouting() -> dict[str, Callable[[Any], object]]:
    """Every way to let one exchange feed another or a queue, or to cut a queue off."""
    names = {("exchange_bind", to): "identity.x" for to in EXCHANGES}
    names |= {(method, to): "#" for method in ("queue_bind", "queue_unbind") for to in QUEUES}
    return {
        f"{method}({to}, {source})": methodcaller(method, to, source, key)
        for source in EXCHANGES
        for (method, to), key in names.items()
    }


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_reroutes_what_is_published(urls: Mapping[str, str], service: str) -> None:
    """An exchange that feeds the events passes all topic permissions, and one that is fed by commands tells tokens."""
    connection = pika.BlockingConnection(pika.URLParameters(urls[service]))
    replies = {what: reply(connection.channel(), act) for what, act in rerouting().items()}
    connection.close()
    assert {what: code for what, code in replies.items() if code != REFUSED} == {}


def test_a_copy_by_header_arrives_under_the_key_that_was_checked(urls: Mapping[str, str]) -> None:
    """No topic permission looks at the header CC; who listens has to be able to tell."""
    tail = open_bus(urls["gateway"]).tail(["identity.#"])
    copied = pika.BasicProperties(headers={"CC": ["identity.api_key.delete"], "BCC": ["identity.user.delete"]})
    sending = pika.BlockingConnection(pika.URLParameters(urls["resources"]))
    sending.channel().basic_publish("signet.events", "resources.a", b"", copied)
    sending.close()
    received = eventually(lambda: tail.receive(0.1), what="the copy")
    assert [delivery.routing_key for delivery in received] == ["resources.a"]
    tail.close()


def test_a_command_of_identitys_reaches_the_scheduler(urls: Mapping[str, str]) -> None:
    """By the names that the code has, of which none may be declared by either."""
    sender = open_bus(urls["identity"]).command_sender("identity")
    receiver = open_bus(urls["scheduler"]).command_receiver()
    command = Command("c1", "mail.reach", datetime.now(UTC) + timedelta(minutes=1), b"{}")
    assert sender.publish([command]) == {"c1"}
    eventually(lambda: "mail.reach" in [received.name for received in receiver.receive(100, 0.1)], what="the command")
    sender.close()
    receiver.close()
