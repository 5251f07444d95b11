"""What a clock that is set does to slots: nothing runs twice, and nothing waits for ever."""

from datetime import datetime

from services.scheduler.tests.slots.planning import DAY, HOUR, MINUTE, SECOND, START, Planner


def jump(planner: Planner, to: datetime) -> None:
    """Somebody sets the clock, and no time passes."""
    planner.time[0] = to


def turns(planner: Planner) -> None:
    while planner.loop.turn() == 0.0:
        pass


def times(planner: Planner, job: str, state: str = "waiting") -> list[datetime]:
    return [run.scheduled_at for run in planner.runs() if (run.run_state, run.job_name) == (state, job)]


def test_a_clock_that_was_a_year_ahead_for_a_moment_stops_nothing(planner: Planner) -> None:
    """A virtual machine that wakes up with a wrong time; afterwards the slots come when they really are."""
    schedule_id = planner.add("last", "0 * * * *")
    turns(planner)
    jump(planner, START + 365 * DAY + MINUTE / 2)
    turns(planner)
    in_a_year = START + 365 * DAY
    assert planner.next_at(schedule_id) == in_a_year + HOUR
    jump(planner, START + 10 * MINUTE)
    turns(planner)
    assert planner.next_at(schedule_id) == START + HOUR
    planner.later(minutes=50)
    turns(planner)
    assert times(planner, "last") == [START, START + HOUR, in_a_year]


def test_what_ran_while_the_clock_was_ahead_does_not_run_again(planner: Planner) -> None:
    """Its slot has a row."""
    planner.add("each", "0 * * * *")
    jump(planner, START + 2 * HOUR)
    turns(planner)
    jump(planner, START)
    turns(planner)
    for _ in range(3):
        planner.later(hours=1)
        turns(planner)
    assert times(planner, "each") == [START, START + HOUR, START + 2 * HOUR, START + 3 * HOUR]


def test_a_clock_that_was_ahead_before_the_restart_is_found_out_at_the_start(planner: Planner) -> None:
    """The process that saw the wrong time is gone, and with it whoever could have noticed."""
    schedule_id = planner.add("last", "0 * * * *")
    jump(planner, START + 365 * DAY)
    turns(planner)
    jump(planner, START)
    restarted = Planner(planner.database, planner.time)
    turns(restarted)
    assert restarted.next_at(schedule_id) == START + HOUR


def test_a_clock_that_is_put_right_a_little_moves_nothing(planner: Planner) -> None:
    """As NTP does all the time: what is planned some seconds early simply comes early."""
    schedule_id = planner.add("each", "0 * * * *")
    jump(planner, START + 2 * SECOND)
    turns(planner)
    jump(planner, START - 5 * SECOND)
    turns(planner)
    assert planner.next_at(schedule_id) == START + HOUR
    planner.later(seconds=10)
    turns(planner)
    assert times(planner, "each") == [START]


def test_a_clock_that_goes_on_for_good_misses_slots(planner: Planner) -> None:
    """Nobody can tell that from a platform that was down, so it is met the same way."""
    planner.add("none", "*/10 * * * *")
    turns(planner)
    jump(planner, START + 65 * MINUTE)
    turns(planner)
    assert times(planner, "none", "skipped") == [START + 60 * MINUTE]
    planner.later(minutes=5)
    turns(planner)
    assert times(planner, "none") == [START, START + 70 * MINUTE]
