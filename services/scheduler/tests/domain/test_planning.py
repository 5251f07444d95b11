"""Every slot that is due is decided once, as its job wants it, however long nobody has looked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signet_scheduler.domain.cron import CronLine
from signet_scheduler.domain.planning import MOST_AT_ONCE, Lateness, Slot, UnderWay, admit, decide

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
START = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
"""A few hours before Berlin's clocks go on."""
Row = tuple[datetime, int, datetime]
"""A row as (its slot, 0 where it runs or how many slots it is skipped for, the first of these)."""


def expected(slots: Sequence[datetime], now: datetime, missed_policy: str, catch_up: timedelta) -> list[Row]:
    """The policies, written down over the list of all slots that are due."""
    missed = [slot for slot in slots if now - slot > timedelta(seconds=60)]
    fresh = [slot for slot in slots if slot not in missed]
    old = [slot for slot in missed if now - slot > catch_up]
    if missed_policy == "skip":
        told, run = missed, fresh
    elif missed_policy == "run_all":
        told, run = old, [slot for slot in slots if slot not in old]
    elif fresh:
        told, run = missed, fresh
    elif missed and missed[-1] not in old:
        told, run = missed[:-1], missed[-1:]
    else:
        told, run = missed, []
    rows = [(told[-1], len(told), told[0])] if told else []
    return [*rows, *((slot, 0, slot) for slot in run)]


def row(slot: Slot, due: datetime) -> Row:
    if slot.reason is None:
        return slot.scheduled_at, 0, slot.scheduled_at
    if "this slot was missed" in slot.reason:
        return slot.scheduled_at, 1, slot.scheduled_at
    _, number, _, _, first, _, last, *_ = slot.reason.split()
    assert datetime.fromisoformat(last) == slot.scheduled_at
    return slot.scheduled_at, int(number), datetime.fromisoformat(first)


@settings(max_examples=300, deadline=None)
@given(
    cron=st.sampled_from(["* * * * *", "*/7 * * * *", "30 2 * * *", "0 */5 * * 1-5", "0 0 1 1 *", "59 23 * * *"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    late=st.one_of(st.floats(0, 200), st.floats(0, 3 * 86_400), st.sampled_from([0.0, 60.0, 60.000001, 119.9])),
    missed=st.sampled_from(["skip", "run_once", "run_all"]),
    catch_up=st.sampled_from([timedelta(), timedelta(seconds=90), timedelta(hours=3), DAY, 40 * DAY]),
)
@example(cron="* * * * *", zone="UTC", late=0.0, missed="run_all", catch_up=DAY)
@example(cron="* * * * *", zone="UTC", late=86_400.0, missed="run_all", catch_up=DAY)
@example(cron="* * * * *", zone="UTC", late=90.0, missed="run_once", catch_up=timedelta())
@example(cron="*/7 * * * *", zone="UTC", late=90.0, missed="run_once", catch_up=timedelta(seconds=90))
@example(cron="59 23 * * *", zone="UTC", late=90_000.0, missed="run_once", catch_up=DAY)
def test_turns_decide_what_the_policy_says(cron: str, zone: str, late: float, missed: str, catch_up: timedelta) -> None:
    """Turn by turn, until nothing is due: the same rows as over the list of all slots, and none twice."""
    line = CronLine.parse(cron, zone)
    due = line.after(START)
    assert due is not None
    now = due + timedelta(seconds=late)
    found: list[Row] = []
    next_at: datetime | None = due
    while next_at is not None and next_at <= now:
        turn = decide(line, next_at, now, Lateness(missed, catch_up))
        assert len(turn.slots) <= MOST_AT_ONCE
        found += [row(slot, due) for slot in turn.slots]
        next_at = turn.next_at
    assert found == expected(list(line.until(due, now)), now, missed, catch_up)
    assert next_at == line.after(now)


@pytest.mark.parametrize(
    ("overlap", "under_way", "runs"), [("skip", 0, 1), ("skip", 1, 0), ("queue_one", 0, 2), ("queue_one", 1, 1),
                                       ("queue_one", 2, 0), ("allow", 7, 4)]
)  # fmt: skip
def test_a_job_meets_itself_as_far_as_it_says(overlap: str, under_way: int, runs: int) -> None:
    """And whoever wonders why a slot did not run finds the run that it had to give way to."""
    slots = [Slot(START, "skipped: 3 slots"), *(Slot(START + n * MINUTE) for n in range(1, 5))]
    admitted, after = admit(slots, overlap, UnderWay(under_way, 17 if under_way else None))
    assert admitted[0] == slots[0]
    assert [slot.reason is None for slot in admitted[1:]] == [n < runs for n in range(4)]
    assert after.runs == under_way + runs
    assert all("run 17" in slot.reason for slot in admitted[1:] if slot.reason and under_way)


def test_a_year_of_downtime_is_decided_in_one_turn() -> None:
    """Of ten thousand minutely schedules each, when a platform comes back."""
    line = CronLine.parse("* * * * *", "Europe/Berlin")
    turn = decide(line, START, START + 365 * DAY + MINUTE / 2, Lateness("run_once", DAY))
    assert [slot.reason is None for slot in turn.slots] == [False, True]
    assert turn.slots[0].reason == (
        "skipped: 525600 slots from 2026-03-28T22:00:00Z to 2027-03-28T21:59:00Z were missed, "
        "and the next one runs for all"
    )
