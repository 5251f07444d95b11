"""Through RabbitMQ, as the broker user of the scheduler: delivered, set aside, refused, lost and back again."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pika
import pytest
from services.scheduler.tests.runs.house import House, until

from signet_common.messaging.ports import BusUnavailable
from signet_scheduler.adapters.inbound.actor import DeadLetters
from signet_scheduler.adapters.messages import QUEUE
from signet_scheduler.adapters.outbound.rabbitmq_broker import (
    DEAD_QUEUE,
    DEAD_QUEUE_ARGUMENTS,
    EXCHANGE,
    MOST_WAITING,
    QUEUE_ARGUMENTS,
    JobsBroker,
    RabbitBell,
)
from signet_scheduler.application.jobs import NotRetryable, RunContext
from signet_scheduler.application.wake_runs import DueRun
from signet_testing.broker_users import create_service_users
from signet_testing.rabbitmq import RabbitMqServer


@pytest.fixture(scope="module")
def url(rabbitmq: RabbitMqServer) -> str:
    """Of a user who may declare nothing, on what the operators' template declares."""
    return create_service_users(rabbitmq)["scheduler"]


@pytest.fixture
def house(house: House) -> House:
    """By the real clock: a message that a dying broker loses is sent again half a minute later."""
    house.clock = lambda: datetime.now(UTC)  # type: ignore[assignment]
    return house


@pytest.fixture
def bell(url: str) -> Iterator[RabbitBell]:
    bell = RabbitBell(url)
    yield bell
    bell.close()


def waiting(url: str, queue: str) -> int:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        return int(connection.channel().queue_declare(queue, passive=True).method.message_count)
    finally:
        connection.close()


def purge(url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_purge(QUEUE)
    connection.close()


def test_runs_are_done_and_one_that_fails_for_good_is_set_aside(house: House, url: str, bell: RabbitBell) -> None:
    """The dead letter is as long as an id; why it died stands in the row."""

    def work(context: RunContext) -> None:
        if context.run_id == refused:
            raise NotRetryable("no such address")

    house.does = work
    runs, refused = [house.add() for _ in range(20)], house.add()
    with house.working(JobsBroker(url, [DeadLetters()]), bell):
        house.wait_until_ended(*runs, refused)
        assert {house.state(run_id) for run_id in runs} == {"succeeded"}
        assert (house.state(refused), house.run(refused)["error"]) == ("failed", "no such address")
        until(lambda: waiting(url, DEAD_QUEUE) == 1)


def test_a_full_queue_refuses_and_what_it_refuses_stays_due(url: str, bell: RabbitBell) -> None:
    """Half a million rows that wait for workers who are away are no reason to fill the broker's disk."""
    told = bell.ring([DueRun(number, 1) for number in range(MOST_WAITING + 500)])
    assert MOST_WAITING <= len(told) < MOST_WAITING + 500
    assert bell.ring([DueRun(1, 1)]) == []
    purge(url)
    assert bell.ring([DueRun(1, 1)]) == [DueRun(1, 1)]
    purge(url)


def test_a_message_that_means_nothing_harms_nobody(house: House, url: str, bell: RabbitBell) -> None:
    """Workers go on with the next one."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    for body in (
        b"",
        b"\xff",
        b"{}",
        b'{"queue_name":"signet.jobs","actor_name":"x","args":[],"kwargs":{},"options":{}}',
    ):
        connection.channel().basic_publish(EXCHANGE, QUEUE, body)
    connection.close()
    bell.ring([DueRun(10**30, 1), DueRun(-1, -1), DueRun("x", None)])  # type: ignore[arg-type]
    run_id = house.add()
    with house.working(JobsBroker(url, [DeadLetters()]), bell):
        house.wait_until_ended(run_id)
    assert waiting(url, QUEUE) == 0


def test_while_the_broker_is_away_rows_wait_and_afterwards_everything_goes_on(
    house: House, rabbitmq: RabbitMqServer, url: str, bell: RabbitBell
) -> None:
    """Neither workers nor whoever wakes them have to be started again, and what ran meanwhile has its outcome."""
    begun = []

    def work(context: RunContext) -> None:
        begun.append(context.run_id)
        if context.run_id == before:
            until(lambda: not rabbitmq.running)

    house.does = work
    before = house.add()
    rabbitmq.settle()
    with house.working(JobsBroker(url, [DeadLetters()]), bell):
        until(lambda: before in begun)
        rabbitmq.kill()
        during = house.add()
        with pytest.raises(BusUnavailable):
            RabbitBell(url).ring([DueRun(during, 1)])
        house.wait_until_ended(before)
        assert house.state(during) == "waiting"
        rabbitmq.start()
        after = house.add()
        house.wait_until_ended(during, after)
    assert house.states() == ["succeeded"] * 3
    assert sorted(begun) == [before, during, after]


def test_the_code_declares_what_the_operators_template_does(rabbitmq: RabbitMqServer, url: str) -> None:
    """Otherwise a queue that one of them made would be refused to the other (406)."""
    administrator = rabbitmq.url.rsplit("/", 1)[0] + "/" + url.rsplit("/", 1)[1]
    rabbitmq.control("set_permissions", "-p", url.rsplit("/", 1)[1], "signet", ".*", ".*", ".*")
    connection = pika.BlockingConnection(pika.URLParameters(administrator))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True, arguments=QUEUE_ARGUMENTS)
    channel.queue_declare(DEAD_QUEUE, durable=True, arguments=DEAD_QUEUE_ARGUMENTS)
    connection.close()
