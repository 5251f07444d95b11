"""The log in its table, on every engine: what was acknowledged is there once, whole, and in order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from signet_audit.adapters.outbound.record_log import SqlRecordLog
from signet_audit.adapters.outbound.tables import RECORDS
from signet_audit.application.ports import LogUnavailable
from signet_common.sql.database import Database


def stored(database: Database) -> list[Any]:
    return list(database.read(lambda c: c.execute(select(RECORDS).order_by(RECORDS.c.record_id)).all()))


def test_a_record_is_kept_whole(database: Database, support: Any) -> None:
    said = support.record(
        time=datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC),
        object_id="数据 ",
        sequence=2**53 - 1,
        actor={"user_id": 2**53 - 1, "user_name": "zoë🙂"},
        changes={"demo_name": (None, "数据🙂\0"), "roles": (["a"], ["a", {"b": 1.5}])},
        target="/api/v1/demos?demo_name=" + "x" * 9000,
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    )
    SqlRecordLog(database).append([said])
    (row,) = stored(database)
    values = dict(row._mapping)
    actor = tuple(values.pop(name) for name in said.actor._fields)
    assert (actor, values.pop("record_id") > 0) == (tuple(said.actor), True)
    assert values == {name: getattr(said, name) for name in values}
    assert row.trace_id == "a" * 32


def test_nothing_known_of_the_actor_is_kept_as_nothing(database: Database, support: Any) -> None:
    SqlRecordLog(database).append([support.record(object_id=None, actor={"user_id": None})])
    (row,) = stored(database)
    assert (row.user_id, row.object_id, row.object_version, row.trace_id) == (None, None, None, None)


def test_an_event_delivered_twice_is_one_record(database: Database, support: Any) -> None:
    """The bus delivers at least once: the second delivery changes nothing, and brings nothing in its batch down."""
    log = SqlRecordLog(database)
    first, second, third = (support.record(object_id=str(number)) for number in range(3))
    log.append([first, second])
    log.append([second._replace(client_ip="changed"), third, first])
    assert [(row.object_id, row.client_ip) for row in stored(database)] == [("0", "::1"), ("1", "::1"), ("2", "::1")]


def test_an_event_twice_in_one_batch_is_one_record(database: Database, support: Any) -> None:
    one = support.record()
    SqlRecordLog(database).append([one, one, support.record(), one])
    assert len(stored(database)) == 2


def test_event_ids_that_differ_in_case_or_trailing_space_are_two_events(database: Database, support: Any) -> None:
    """MariaDB's usual collations call them equal, and the second event would be lost without a word."""
    SqlRecordLog(database).append([support.record(event_id=event_id) for event_id in ("a", "A", "a ")])
    assert len(stored(database)) == 3


def test_positions_grow_across_batches(database: Database, support: Any) -> None:
    log = SqlRecordLog(database)
    for number in range(3):
        log.append([support.record(object_id=f"{number}{letter}") for letter in "ab"])
    rows = stored(database)
    assert [row.object_id for row in rows] == ["0a", "0b", "1a", "1b", "2a", "2b"]
    assert all(later.record_id > earlier.record_id for earlier, later in pairwise(rows))


def test_a_batch_that_fails_leaves_nothing(database: Database, support: Any) -> None:
    """One transaction: what is not acknowledged comes again, and must then be told from what is new."""
    log = SqlRecordLog(database)
    with pytest.raises(Exception, match=r"(?i)null"):
        log.append([support.record(), support.record()._replace(service=None)])
    assert database.read(lambda c: c.execute(select(func.count()).select_from(RECORDS)).scalar_one()) == 0


def test_an_empty_batch_is_no_statement(database: Database) -> None:
    SqlRecordLog(database).append([])
    assert stored(database) == []


def test_a_large_batch_is_one_transaction(database: Database, support: Any) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    many = [support.record(time=start + timedelta(seconds=number), object_id=str(number)) for number in range(1000)]
    SqlRecordLog(database).append(many)
    assert [row.object_id for row in stored(database)] == [str(number) for number in range(1000)]


def test_a_log_that_is_not_migrated_yet_is_unavailable(database_url: str, support: Any) -> None:
    """Were it an error of the events, a background process that starts too early would bury them all."""
    database = Database.open(database_url, grouped=False)
    with pytest.raises(LogUnavailable):
        SqlRecordLog(database).append([support.record()])
    database.close()
