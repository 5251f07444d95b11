"""The rules of deploy/rabbitmq/definitions.json: a broker knows rights by name alone, and cannot help with them."""

import json
import re
from typing import Any

import pytest

from signet_common.messaging import rabbitmq_topology as topology
from signet_scheduler.adapters.messages import QUEUE as JOBS_QUEUE
from signet_scheduler.adapters.outbound.rabbitmq_broker import DEAD_QUEUE, EXCHANGE
from signet_testing.broker_users import DEFINITIONS

DECLARED = json.loads(DEFINITIONS.read_text())
EXCHANGES = {exchange["name"] for exchange in DECLARED["exchanges"]}
QUEUES = {queue["name"] for queue in DECLARED["queues"]}
TAIL = "signet.tail.x"


def matching(right: str, names: set[str]) -> set[str]:
    return {name for name in names if re.search(right, name)}


def test_no_exchange_is_called_like_a_queue() -> None:
    """Who may read such a queue could bind from the exchange, and so pass on what others publish."""
    assert not EXCHANGES & QUEUES


def test_the_names_are_those_of_the_code() -> None:
    """Services may declare nothing, so a name that is only in the code stops what it is for."""
    assert {
        topology.EVENTS_EXCHANGE,
        topology.PULSE_EXCHANGE,
        topology.DEAD_EXCHANGE,
        topology.COMMANDS_EXCHANGE,
        EXCHANGE,
    } == EXCHANGES
    audit = {topology.queue_of("audit"), topology.dead_queue_of("audit")}
    assert {topology.COMMANDS_QUEUE, JOBS_QUEUE, DEAD_QUEUE, *audit} == QUEUES


@pytest.mark.parametrize("rights", DECLARED["permissions"], ids=lambda rights: rights["user"])
def test_who_may_bind_from_an_exchange_may_publish_to_none(rights: dict[str, Any]) -> None:
    """Both rights together forge events; and what nobody else may change, nobody may declare."""
    names = EXCHANGES | QUEUES
    readable, writable = matching(rights["read"], EXCHANGES), matching(rights["write"], names | {"amq.default"})
    assert not (readable and writable)
    assert writable <= EXCHANGES
    assert not matching(rights["configure"], names)
    assert matching(rights["configure"], {TAIL}) == ({TAIL} if rights["user"] == "signet-gateway" else set())


def test_every_right_to_a_topic_exchange_is_narrowed() -> None:
    """A user without topic permissions on a topic exchange has all of them."""
    topics = {exchange["name"] for exchange in DECLARED["exchanges"] if exchange["type"] == "topic"}
    needed = {
        (rights["user"], name)
        for rights in DECLARED["permissions"]
        for name in matching(rights["read"], topics) | matching(rights["write"], topics)
    }
    assert needed == {(narrowed["user"], narrowed["exchange"]) for narrowed in DECLARED["topic_permissions"]}
