"""Due rows become messages, again and again until a worker has claimed them."""

from services.scheduler.tests.runs.house import House, SilentBell

from signet_scheduler.adapters.inbound.actor import DeadLetters
from signet_scheduler.adapters.messages import QUEUE
from signet_scheduler.adapters.outbound.embedded_broker import MOST_WAITING, EmbeddedBell, EmbeddedBroker
from signet_scheduler.application.wake_runs import AGAIN, DueRun


def test_a_broker_that_loses_every_message_is_told_again_until_the_run_is_claimed(house: House) -> None:
    """And no sooner: who is slow is not lost."""
    bell, run_id = SilentBell(), house.add()
    wake = house.waking(bell)
    for _ in range(3):
        wake()
        wake()
        house.clock.later(seconds=AGAIN.total_seconds())
    assert bell.rung == [DueRun(run_id, 1)] * 3
    wake()
    assert [house.attempt(*run) for run in bell.rung] == ["succeeded", None, None, None]
    house.clock.later(seconds=AGAIN.total_seconds())
    assert not wake()
    assert house.told(run_id) == ["succeeded"]


def test_what_is_not_due_and_what_has_ended_is_not_told(house: House) -> None:
    """A retry waits its time in the row."""
    bell = SilentBell()
    house.add(run_state="running")
    house.add(run_state="succeeded")
    later = house.add()
    house.change(later, wake_at=house.clock().replace(year=2027))
    house.waking(bell)()
    assert bell.rung == []


def test_what_a_full_queue_does_not_take_stays_due(house: House) -> None:
    """A queue that nobody reads must not grow with every half minute."""
    broker = EmbeddedBroker([DeadLetters()])
    broker.declare_queue(QUEUE)
    bell = EmbeddedBell(broker)
    assert len(bell.ring([DueRun(n, 1) for n in range(MOST_WAITING - 1)])) == MOST_WAITING - 1
    house.add()
    refused = house.add()
    wake = house.waking(bell)
    assert not wake()
    assert broker.queues[QUEUE].qsize() == MOST_WAITING
    broker.flush(QUEUE)
    wake()
    assert f'"args":[{refused},1]'.encode() in broker.queues[QUEUE].get()


def test_a_run_that_was_claimed_while_its_message_was_on_its_way_is_left_alone(house: House) -> None:
    """The worker may be faster than whoever woke it."""
    run_id = house.add()

    class Fast(SilentBell):
        def ring(self, runs: list[DueRun]) -> list[DueRun]:
            house.does = lambda _context: 1 / 0  # type: ignore[return-value, func-returns-value]
            house.attempt(run_id)
            return super().ring(runs)

    house.waking(Fast())()
    assert house.run(run_id)["wake_at"] == house.clock().replace(second=10)


def test_a_queue_that_died_with_its_process_makes_nobody_wait(house: House) -> None:
    """What was told to the process before it is due at once, but for what waits for its next attempt."""
    told = house.add()
    house.waking(SilentBell())()
    later = house.add(attempts=1)
    house.change(later, wake_at=house.clock().replace(second=20))
    for forgets, rung in ((False, []), (True, [DueRun(told, 1)])):
        bell = SilentBell()
        wake = house.waking(bell, forgets=forgets)
        wake()
        wake()
        assert bell.rung == rung
