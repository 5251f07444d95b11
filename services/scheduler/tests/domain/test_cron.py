"""Cron lines come when cron(8) says, and those that mean nothing are refused in words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from services.scheduler.tests.domain.cron_reference import slots

from signet_scheduler.domain.cron import CronLine
from signet_scheduler.domain.errors import CronInvalid


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MOMENTS = [
    ("Europe/Berlin", utc("2026-03-29T01:00")),
    ("Europe/Berlin", utc("2026-10-25T01:00")),
    ("America/New_York", utc("2026-03-08T07:00")),
    ("America/New_York", utc("2026-11-01T06:00")),
    ("Australia/Lord_Howe", utc("2026-10-03T15:30")),  # half an hour
    ("Australia/Lord_Howe", utc("2026-04-04T15:00")),
    ("America/Sao_Paulo", utc("2018-11-04T03:00")),  # at midnight, which is skipped
    ("America/Sao_Paulo", utc("2018-02-18T02:00")),
    ("Africa/Casablanca", utc("2026-02-15T02:00")),  # Ramadan, the other way round
    ("Africa/Casablanca", utc("2026-03-22T02:00")),
    ("Pacific/Apia", utc("2011-12-30T10:00")),  # a whole day, which is skipped
    ("Asia/Kathmandu", utc("2026-01-01T00:00")),  # an offset of a quarter of an hour
    ("UTC", utc("2028-02-29T00:00")),
    ("UTC", utc("2100-02-28T23:59")),  # no leap year
]


def items(least: int, most: int, names: list[str]) -> st.SearchStrategy[str]:
    values = st.integers(least, most)
    steps = st.integers(1, most)
    ranges = st.tuples(values, values).map(lambda ends: f"{min(ends)}-{max(ends)}")
    plain = st.one_of(st.just("*"), values.map(str), ranges, *([st.sampled_from(names)] if names else []))
    stepped = st.tuples(st.one_of(st.just("*"), ranges), steps).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.one_of(plain, stepped)


def fields(least: int, most: int, names: list[str], *usual: str) -> st.SearchStrategy[str]:
    """One of the usual fields, or a list of anything."""
    lists = st.lists(items(least, most, names), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.sampled_from(usual), lists)


LINES = st.tuples(
    fields(0, 59, [], "0", "30", "*/10", "5-55/10", "0,29,31,59"),
    fields(0, 23, [], "*", "0-3", "2", "1,2", "*/2", "0", "23"),
    fields(1, 31, [], "*", "*", "*/2", "29", "1-7"),
    fields(1, 12, ["JAN", "feb", "Oct"], "*", "*", "*"),
    fields(0, 7, ["SUN", "mon", "Sat"], "*", "*", "*/2", "7", "1-5"),
).map(" ".join)
AROUND = timedelta(hours=5)


def parsed(line: str, zone: str) -> CronLine | None:
    try:
        return CronLine.parse(line, zone)
    except CronInvalid as refused:
        assert "never comes" in str(refused)  # noqa: PT017 - the one thing that can be wrong with such a line
        return None


@pytest.mark.parametrize(("zone", "moment"), MOMENTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(line=LINES, before=st.floats(0, 5 * 3600))
@example(line="0,30 2 * * *", before=7200.0)
@example(line="*/30 2-3 * * *", before=7200.0)
@example(line="30 0 * * *", before=7200.0)
@example(line="40 * * * *", before=600.0)
@example(line="0-59 0-23 * * *", before=0.0)
@example(line="* * * * *", before=4000.5)
def test_slots_are_those_of_a_cron_that_looks_every_minute(
    zone: str, moment: datetime, line: str, before: float
) -> None:
    """Around every kind of clock change, from any instant, in whatever way they are asked for."""
    cron = parsed(line, zone)
    start, end = moment - timedelta(seconds=before), moment + AROUND
    expected = list(slots(line, zone, start, end))
    if cron is None:
        assert not expected
        return
    first = cron.after(start)
    if not expected:
        assert first is None or first > end
        return
    assert first is not None
    assert list(cron.until(first, end)) == expected
    for until in (end, moment, expected[-1], expected[0]):
        through = [slot for slot in expected if slot <= until]
        assert cron.count(first, until) == len(through)
        if through:
            assert cron.last(first, until) == through[-1]


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    [
        ("0 0 29 2 *", "2096-03-01", "2104-02-29"),
        ("0 0 29 2 */7", "2088-03-01", "2128-02-29"),
        ("0 0 1 1 *", "2026-01-01", "2027-01-01"),
        ("0 0 31 * *", "2026-01-31", "2026-03-31"),
        ("0 0 30 2 MON", "2026-02-23", "2027-02-01"),
    ],
)
def test_rare_lines_come_when_their_day_does(line: str, after: str, expected: str) -> None:
    """Once in years is a schedule like any other."""
    found = CronLine.parse(line, "UTC").after(utc(after))
    assert found is not None
    assert found.date().isoformat() == expected


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("61 * * * *", "minute: 61 is not 0-59"),
        ("* 24 * * *", "hour: 24 is not 0-23"),
        ("* * 0 * *", "day of month: 0 is not 1-31"),
        ("* * * 13 *", "month: 13 is not 1-12 or JAN"),
        ("* * * * 8", "day of week: 8 is not 0-7 or SUN"),
        ("0 0 30 2 *", "day of month: that day never comes"),
        ("0 0 31 FEB-APR/2,6 */2", "day of month: that day never comes"),
        ("@never", "@never is not understood"),
        ("@daily", "@daily is not understood"),
        ("* * * *", "the line has 4 fields"),
        ("0 * * * * *", "the line has 6 fields"),
        ("", "the line has 0 fields"),
        ("0 0 L * *", "day of month: L is not"),
        ("0 0 15W * *", "day of month: 15W is not"),
        ("0 0 * * 5L", "day of week: 5L is not"),
        ("0 0 * * MON#2", "day of week: MON#2 is not"),
        ("0 0 ? * *", "day of month: ? is not"),
        ("*/0 * * * *", "minute: the step 0 is not 1-59"),
        ("*/60 * * * *", "minute: the step 60 is not 1-59"),
        ("5/15 * * * *", "minute: 5/15 has a step and no range; write 5-59/15"),
        ("*-5 * * * *", "minute: *-5 is no range"),
        ("30-10 * * * *", "minute: 30-10 ends before it begins"),
        ("1,,2 * * * *", "minute: nothing is not"),
        ("-1 * * * *", "minute: -1 is not"),
        ("1e1 * * * *", "minute: 1e1 is not"),
        ("0 0 * MON *", "month: MON is not"),
        ("9" * 100 + " * * * *", "minute: 9"),
        ("٣ * * * *", "characters that have no place"),
        ("0 0 * * *\n", "characters that have no place"),
        ("0 0 * *\x00 *", "characters that have no place"),
        ("1," * 1_000_000, "longer than 128"),
    ],
)
def test_a_line_that_means_nothing_is_refused_in_words(line: str, why: str) -> None:
    """Which field it is, and what is wrong with it; and quickly, however long it is."""
    with pytest.raises(CronInvalid) as refused:
        CronLine.parse(line, "UTC")
    assert why.upper() in str(refused.value).upper()
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "europe/berlin", "../../etc/passwd", "/etc/localtime", "Europe", "a\0", "ü", "posix/UTC"]
)
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """By name, and never by looking for a file of that name."""
    with pytest.raises(CronInvalid, match="time zone"):
        CronLine.parse("0 0 * * *", zone)


@given(line=st.text("0123456789*/,-@#LWMONSU ", max_size=130))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_line_or_is_refused(line: str) -> None:
    """Nothing else comes out, and what is taken has slots."""
    if (cron := parsed_or_refused(line)) is not None:
        assert cron.after(utc("2026-01-01")) is not None


def parsed_or_refused(line: str) -> CronLine | None:
    try:
        return CronLine.parse(line, "Europe/Berlin")
    except CronInvalid:
        return None


def test_a_year_of_minutes_is_counted_without_looking_at_each() -> None:
    """Whoever was down for a year learns at once what was missed."""
    cron = CronLine.parse("* * * * *", "Europe/Berlin")
    first, until = utc("2026-01-01"), utc("2027-01-01") - timedelta(minutes=1)
    assert cron.count(first, until) == 365 * 24 * 60
    assert cron.last(first, until) == until
    june = CronLine.parse("*/10 4 * JUN *", "UTC")
    assert june.count(utc("2026-06-01T04:00"), until) == 30 * 6


def test_the_end_of_time_is_no_error() -> None:
    """A clock that is set wrong must not end the planner."""
    cron = CronLine.parse("0 0 1 1 *", "UTC")
    assert cron.after(utc("9999-06-01")) is None
