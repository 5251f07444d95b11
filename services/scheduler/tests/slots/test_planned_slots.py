"""A slot becomes one row, whoever plans, however often and however late."""

import logging
import threading
from collections import Counter
from datetime import datetime

import pytest
from services.scheduler.tests.slots.planning import HOUR, MINUTE, SECOND, START, Planner
from sqlalchemy import event, select

from signet_scheduler.adapters.outbound.slot_book import NEXT
from signet_scheduler.adapters.outbound.tables import SCHEDULES
from signet_scheduler.application.shipped_jobs import SHIPPED
from signet_scheduler.domain.cron import CronLine


def test_a_due_slot_becomes_a_run_that_waits(any_planner: Planner) -> None:
    """With what its worker needs, and the schedule stands before the slot after it."""
    planner = any_planner
    schedule_id = planner.add("each", "*/5 * * * *", arguments='{"days": 3}')
    planner.later(seconds=1.5)
    assert planner.plan.step() == 0.0
    (run,) = planner.runs()
    assert (run.job_name, run.run_state, run.schedule_id, run.scheduled_at) == ("each", "waiting", schedule_id, START)
    assert (run.arguments, run.max_attempts, run.attempts, run.wake_at) == ('{"days": 3}', 3, 0, planner.clock())
    assert (run.created_by, run.retry_of, run.error, run.ended_at, run.version) == (None, None, None, None, 1)
    assert planner.next_at(schedule_id) == START + 5 * MINUTE
    assert planner.told() == []


def test_a_planner_sleeps_until_the_next_slot_and_never_for_long(planner: Planner) -> None:
    """So that a slot starts on time, and a schedule that somebody has just made is seen."""
    assert planner.plan.step() == 0.5
    planner.add("each", next_at=START + MINUTE)
    assert planner.plan.step() == 0.5
    planner.later(seconds=59.8)
    assert planner.plan.step() == pytest.approx(0.2)
    assert planner.runs() == []
    planner.later(seconds=0.2)
    assert planner.plan.step() == 0.0
    assert len(planner.runs()) == 1


def test_an_idle_planner_reads_one_row(planner: Planner) -> None:
    """It does so twice a second, for ever, beside ten thousand schedules."""
    planner.add("each", next_at=START + HOUR)
    statements: list[str] = []
    event.listen(planner.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    planner.plan.step()
    assert len(statements) == 1
    looked_up = f"EXPLAIN QUERY PLAN {NEXT.compile(planner.database.engine, compile_kwargs={'literal_binds': True})}"
    (plan,) = planner.database.read(lambda connection: connection.exec_driver_sql(looked_up).all())
    assert "ix_schedules_next_at" in plan[3]


def test_three_replicas_plan_each_slot_once(planners) -> None:
    """All at once, with clocks that differ; and none is left out."""
    replicas = [planners() for _ in range(3)]
    first = replicas[0]
    for replica, skew in zip(replicas, (0.0, -1.7, 2.3), strict=True):
        replica.skew = skew * SECOND
    crons = ["* * * * *", "*/2 * * * *", "1-59/3 * * * *", "0,30 * * * *", "* 12 * * *"]
    schedules = {first.add("each", cron): cron for cron in crons for _ in range(4)}
    end = START + 40 * MINUTE
    failed: list[BaseException] = []

    def plan(replica: Planner) -> None:
        try:
            while replica.clock() < end:
                replica.plan.step()
                replica.time[0] += 3 * SECOND
            replica.skew = end - replica.time[0]
            replica.all_due()
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=plan, args=(replica,)) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    found = Counter((run.schedule_id, run.scheduled_at) for run in first.runs())
    due = {(id_, slot) for id_, cron in schedules.items() for slot in slots(cron, end)}
    assert {slot for slot in found if slot[1] <= end} == due
    assert set(found.values()) == {1}


def slots(cron: str, end: datetime) -> set[datetime]:
    line = CronLine.parse(cron, "UTC")
    first = line.after(START - SECOND)
    # Every schedule was made to begin at START, whatever its line says.
    return {START, *(line.until(first, end) if first else ())}


def test_a_job_that_does_not_overlap_gives_way_to_itself(any_planner: Planner) -> None:
    """The slot is told as skipped, in the audit log too, and says which run it gave way to."""
    planner = any_planner
    schedule_id = planner.add("alone")
    planner.all_due()
    (first,) = planner.runs()
    planner.later(minutes=1)
    planner.all_due()
    assert planner.states() == ["waiting", "skipped"]
    skipped = planner.runs()[1]
    assert f"run {first.run_id}" in skipped.error
    assert (skipped.scheduled_at, skipped.ended_at) == (START + MINUTE, planner.clock())
    assert planner.told() == ["scheduler.run.skipped"]
    planner.end(first.run_id)
    planner.later(minutes=1)
    planner.all_due()
    assert planner.states(schedule_id) == ["succeeded", "skipped", "waiting"]


def test_two_schedules_of_a_job_meet_each_other(planner: Planner) -> None:
    """Overlap is a matter of the job, whichever of its schedules is due."""
    planner.add("alone", "0 * * * *")
    planner.add("alone", "0 12 * * *")
    planner.add("two", "0 * * * *")
    planner.add("two", "0 12 * * *")
    planner.add("two", "0 12 1 * *")
    planner.all_due()
    assert planner.states() == ["waiting", "skipped", "waiting", "waiting", "skipped"]


def test_a_job_that_queues_one_lets_one_wait(planner: Planner) -> None:
    planner.add("two")
    for _ in range(3):
        planner.all_due()
        planner.later(minutes=1)
    assert planner.states() == ["waiting", "waiting", "skipped"]
    planner.end(planner.runs()[0].run_id)
    planner.all_due()
    assert planner.states() == ["succeeded", "waiting", "skipped", "waiting"]


@pytest.mark.parametrize(("job", "states"), [("each", ["waiting"] * 181), ("last", ["skipped", "waiting"]),
                                             ("none", ["skipped", "waiting"])])  # fmt: skip
def test_missed_slots_are_met_as_the_job_wants(planner: Planner, job: str, states: list[str]) -> None:
    """After three hours in which nobody planned."""
    schedule_id = planner.add(job)
    planner.later(hours=3, seconds=30)
    planner.all_due()
    assert planner.states() == states
    assert planner.next_at(schedule_id) == START + 3 * HOUR + MINUTE
    assert planner.told() == ["scheduler.run.skipped"] * states.count("skipped")
    if "skipped" in states:
        assert "180 slots from 2026-06-01T12:00:00Z to 2026-06-01T14:59:00Z" in planner.runs()[0].error


def test_a_backlog_holds_up_none_that_is_on_time(planner: Planner) -> None:
    """Days of minutes takes many turns; whatever is due meanwhile is planned in the next of them."""
    planner.add("each")
    planner.later(days=2)
    on_time = planner.add("alone", "0 * * * *", next_at=planner.clock())
    planner.plan.step()
    assert planner.states(on_time) == ["waiting"]
    assert len(planner.runs()) == 1_001
    planner.all_due()
    assert len(planner.runs()) == 2 * 24 * 60 + 2


def test_a_paused_schedule_has_no_slots(planner: Planner) -> None:
    """Those of the pause are not missed either: whoever goes on gives it the next one to come."""
    schedule_id = planner.add("each")
    planner.change(schedule_id, schedule_state="inactive")
    planner.later(hours=2)
    assert planner.plan.step() == 0.5
    planner.change(schedule_id, schedule_state="active", next_at=START + 2 * HOUR + MINUTE)
    planner.later(minutes=1)
    planner.all_due()
    assert [run.scheduled_at for run in planner.runs()] == [START + 2 * HOUR + MINUTE]


def test_a_changed_line_holds_from_then_on(planner: Planner) -> None:
    """What was planned by the old one stays, and a slot that both have comes once."""
    schedule_id = planner.add("each", "*/10 * * * *")
    planner.all_due()
    planner.change(schedule_id, cron="*/15 * * * *", next_at=START)
    planner.later(minutes=31)
    planner.all_due()
    assert [run.scheduled_at - START for run in planner.runs()] == [0 * MINUTE, 15 * MINUTE, 30 * MINUTE]


def test_a_line_without_an_end_ends_when_nothing_comes(planner: Planner) -> None:
    """A schedule whose last slot is planned waits for nothing."""
    planner.time[0] = START.replace(year=9999)
    schedule_id = planner.add("none", "0 12 1 6 *", next_at=planner.clock())
    planner.all_due()
    assert planner.next_at(schedule_id) is None
    assert planner.plan.step() == 0.5


def test_what_this_process_does_not_know_is_left_to_others(planner: Planner, caplog) -> None:
    """A job of a newer release, or a zone of newer data, on its way in; and nobody else waits for it."""
    planner.add("of-tomorrow")
    odd = planner.add("each", time_zone="Mars/Base")
    fine = planner.add("each", next_at=START - MINUTE)
    with caplog.at_level(logging.WARNING):
        planner.all_due()
        planner.later(minutes=1)
        planner.all_due()
    assert {run.schedule_id for run in planner.runs()} == {fine}
    assert [record.getMessage() for record in caplog.records if "is not planned" in record.getMessage()] == [
        f"schedule {odd} is not planned: the time zone is unknown: an IANA name is needed, as Europe/Berlin or UTC"
    ]


@pytest.mark.servers
@pytest.mark.parametrize("database_url", ["mariadb", "postgresql"], indirect=True)
def test_what_another_replica_has_locked_is_passed_over(planners) -> None:
    """One that is stopped in the middle of its work holds up no other schedule. (SQLite has one lock for all.)"""
    planner, stopped = planners(), planners()
    held, free = planner.add("each"), planner.add("alone")
    with stopped.database.engine.connect() as connection, connection.begin():
        connection.execute(select(SCHEDULES).where(SCHEDULES.c.schedule_id == held).with_for_update())
        planning = threading.Thread(target=planner.all_due)
        planning.start()
        planning.join(10)
        assert not planning.is_alive()
        assert (planner.states(held), planner.states(free)) == ([], ["waiting"])
    planner.all_due()
    assert planner.states(held) == ["waiting"]


def test_declared_schedules_are_made_once(planners) -> None:
    """However many processes start at the same moment; and each is told once."""
    replicas = [planners() for _ in range(3)]
    threads = [threading.Thread(target=replica.seed) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (schedule,) = replicas[0].schedules()
    assert (schedule.schedule_name, schedule.cron, schedule.time_zone) == ("declared", "0 4 * * *", "Europe/Berlin")
    assert (schedule.declared, schedule.arguments, schedule.next_at) == (True, "{}", START + 14 * HOUR)
    assert replicas[0].told() == ["scheduler.schedule.insert"]
    assert replicas[1].seed() == 0


def test_what_people_changed_stays_changed(planner: Planner) -> None:
    """Name, line and state: a restart is no reason to take a decision back."""
    assert planner.seed() == 1
    changed = {"schedule_name": "ours", "cron": "5 5 * * *", "schedule_state": "inactive", "next_at": None}
    planner.change(1, **changed)
    planner.loop.turn()
    (schedule,) = planner.schedules()
    assert {name: getattr(schedule, name) for name in changed} == changed


def test_a_taken_name_is_told(planner: Planner, caplog) -> None:
    """A job that silently never runs is worse than a line in the log."""
    planner.add("each", schedule_name="declared")
    with caplog.at_level(logging.WARNING):
        assert planner.seed() == 0
    assert "another one has its name" in caplog.text


def test_shipped_declarations_can_be_planned(planner: Planner) -> None:
    """A line that does not parse would end every background process at its start."""
    shipped = Planner(planner.database, planner.time, catalog=SHIPPED)
    assert shipped.seed() == sum(job.schedule is not None for job in SHIPPED)
    assert all(row.next_at for row in shipped.schedules())
