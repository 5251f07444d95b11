"""Urgent runs are done while everything else waits for a thread."""

import threading
import time

from services.scheduler.tests.runs.house import JOBS, House, SilentBell, until

from signet_scheduler.adapters.inbound.urgent_lane import AGAIN, AHEAD, UrgentLane
from signet_scheduler.adapters.outbound.waiting_runs import SqlWaitingRuns
from signet_scheduler.application.jobs import RunContext
from signet_scheduler.application.shipped_jobs import SHIPPED
from signet_scheduler.application.wake_runs import DueRun, WakeRuns


def lane_of(house: House, threads: int = 1) -> UrgentLane:
    return UrgentLane(SqlWaitingRuns(house.database, only=JOBS.urgent), lambda *_: None, house.clock, threads)


def test_an_urgent_run_is_done_while_others_have_all_threads_and_more_wait(house: House) -> None:
    """A mail for a lost password does not wait for somebody's long jobs, however many there are."""
    go_on = threading.Event()

    def work(context: RunContext) -> None:
        if context.run_id in slow:
            go_on.wait(60)

    house.does, slow = work, [house.add() for _ in range(20)]
    with house.working(threads=2):
        until(lambda: house.states().count("running") == 2)
        urgent = house.add("urgent")
        try:
            until(lambda: house.state(urgent) == "succeeded", seconds=10)
            assert house.states().count("succeeded") == 1
        finally:
            go_on.set()
            house.wait_until_ended(*house.ids())


def test_nobody_is_sent_a_message_for_an_urgent_run(house: House) -> None:
    """It would stand in the queue behind all the others."""
    bell = SilentBell()
    house.add("urgent")
    free = house.add()
    house.waking(bell)()
    assert bell.rung == [DueRun(free, 1)]


def test_what_the_lane_has_no_room_for_stays_due(house: House) -> None:
    """Another worker may take it at once, and what was taken and not begun a while later."""
    lane, runs = lane_of(house), [house.add("urgent") for _ in range(AHEAD + 2)]
    rows = SqlWaitingRuns(house.database, only=JOBS.urgent)
    look = WakeRuns(rows, lane, house.clock, AGAIN)
    look()
    assert [run.run_id for run in rows.due(house.clock(), 2 * AHEAD)] == runs[AHEAD:]
    house.clock.later(seconds=AGAIN.total_seconds())
    assert [run.run_id for run in rows.due(house.clock(), 2 * AHEAD)] == [*runs[AHEAD:], *runs[:AHEAD]]
    assert set(lane.ring(rows.due(house.clock(), 2 * AHEAD))) == {DueRun(run_id, 1) for run_id in runs[:AHEAD]}


def test_a_worker_that_stops_lets_urgent_runs_finish_and_begins_none(house: House) -> None:
    """As it does with all others."""
    begun = threading.Event()

    def take_a_while(_context: RunContext) -> None:
        begun.set()
        time.sleep(0.3)

    house.does = take_a_while
    run_id = house.add("urgent")
    with house.working() as stop:
        begun.wait(60)
        stop.set()
        late = house.add("urgent")
    assert [house.state(run_id), house.state(late)] == ["succeeded", "waiting"]


def test_mail_is_urgent_and_nothing_else_is() -> None:
    """Whoever waits for a mail waits for it in front of a screen; all that is urgent would be nothing that is."""
    assert set(SHIPPED.urgent) == {"send-mail"}
