"""One suite for every engine and both ways of writing: services must not be able to tell them apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import gevent
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import IntegrityError

from signet_common.sql.columns import BinaryText, UtcDateTime
from signet_common.sql.database import Database, TransactionOvertaken
from signet_common.sql.idempotency import IdempotencyKeyReused, IdempotencyKeys, idempotency_table
from signet_common.sql.leases import Leases, leases_table
from signet_common.sql.outbox import Outbox, OutboxReader, outbox_table
from signet_common.sql.paging import PageRequest, contains, fetch_page, within_days


@dataclass(frozen=True)
class OutboxEntry:
    event_id: str
    routing_key: str
    resource: str
    object_id: str
    object_version: int | None
    body: bytes


@dataclass(frozen=True)
class KeyedRequest:
    """A signed request as a passport tells of it."""

    body_sha256: str = "a" * 64
    user_id: int | None = 1
    credential_id: str = "session/1"
    permission: str = "thing:create"
    idempotency_key: str = "k"
    method: str = "POST"
    target: str = "/things"


METADATA = MetaData()
THINGS = Table(
    "things",
    METADATA,
    Column("thing_id", Integer, primary_key=True),
    Column("thing_name", BinaryText(40), unique=True),
    Column("made_at", UtcDateTime),
)
OUTBOX = outbox_table(METADATA)
LEASES = leases_table(METADATA)
KEYS = idempotency_table(METADATA)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(params=[True, False], ids=["grouped", "direct"])
def database(request: pytest.FixtureRequest, database_url: str) -> Iterator[Database]:
    database = Database.open(database_url, grouped=request.param)
    METADATA.create_all(database.engine)
    yield database
    database.close()


def add(name: str, made_at: datetime = NOON) -> object:
    return lambda connection: connection.execute(insert(THINGS), {"thing_name": name, "made_at": made_at})


def names(database: Database) -> list[str]:
    return database.read(lambda connection: list(connection.scalars(select(THINGS.c.thing_name).order_by("thing_id"))))


def test_a_transaction_commits_and_returns_its_value(database: Database) -> None:
    def work(connection: object) -> str:
        add("a")(connection)
        return "done"

    assert database.write(work) == "done"
    assert names(database) == ["a"]


def test_a_failed_member_undoes_its_own_part_only(database: Database) -> None:
    """Strangers share a transaction on SQLite; one's duplicate must not cost the other's row."""
    database.write(add("taken"))

    def twice(connection: object) -> None:
        add("half")(connection)
        add("taken")(connection)

    good = [gevent.spawn(database.write, add(f"good{number}")) for number in range(3)]
    bad = gevent.spawn(database.write, twice)
    gevent.joinall([*good, bad], timeout=20)
    assert isinstance(bad.exception, IntegrityError)
    assert sorted(names(database)) == ["good0", "good1", "good2", "taken"]


def test_overtaken_work_starts_again(database: Database) -> None:
    attempts: list[int] = []

    def work(connection: object) -> int:
        attempts.append(len(attempts))
        add(f"attempt{len(attempts)}")(connection)
        if len(attempts) < 3:
            raise TransactionOvertaken
        return len(attempts)

    assert database.write(work) == 3
    assert names(database) == ["attempt3"]


def test_text_compares_by_its_bytes(database: Database) -> None:
    """`A` is not `a` and `a ` is not `a`, whatever an engine's habit."""
    for name in ("a", "A", "a ", "á"):
        database.write(add(name))
    found = database.read(lambda c: c.scalars(select(THINGS.c.thing_name).where(THINGS.c.thing_name == "a")).all())
    assert found == ["a"]


@pytest.mark.parametrize(("text", "found"), [("%", ["50%"]), ("_", ["a_b"]), ("A", ["A\\"]), ("\\", ["A\\"])])
def test_filters_are_literal(database: Database, text: str, found: list[str]) -> None:
    for name in ("50%", "a_b", "A\\", "plain"):
        database.write(add(name))
    matching = select(THINGS.c.thing_name).where(contains(THINGS.c.thing_name, text))
    assert database.read(lambda connection: connection.scalars(matching).all()) == found


def test_instants_come_back_in_utc_to_the_microsecond(database: Database) -> None:
    written = datetime(2026, 1, 1, 0, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    database.write(add("x", written))
    read = database.read(lambda connection: connection.scalar(select(THINGS.c.made_at)))
    assert read == written
    assert read.utcoffset() == timedelta(0)


def test_a_range_of_days_includes_both_ends(database: Database) -> None:
    for hours in (-13, -12, 11, 12):
        database.write(add(f"{hours}", NOON + timedelta(hours=hours)))
    day = date(2026, 1, 1)
    on_day = select(THINGS.c.thing_name).where(*within_days(THINGS.c.made_at, day, day))
    assert sorted(database.read(lambda connection: connection.scalars(on_day).all())) == ["-12", "11"]
    endless = select(THINGS.c.thing_name).where(*within_days(THINGS.c.made_at, date.min, date.max))
    assert len(database.read(lambda connection: connection.scalars(endless).all())) == 4


def test_a_page_knows_whether_there_is_another(database: Database) -> None:
    for number in range(5):
        database.write(add(f"n{number}"))
    ordered = select(THINGS.c.thing_name).order_by(THINGS.c.thing_id)

    def page(number: int, count: bool = False) -> tuple[list[str], bool, int | None]:
        request = PageRequest(number, 2, count)
        got = database.read(lambda connection: fetch_page(connection, ordered, request, lambda row: row[0]))
        return list(got.items), got.has_more, got.total

    assert page(1) == (["n0", "n1"], True, None)
    assert page(3, count=True) == (["n4"], False, 5)
    assert page(4) == ([], False, None)


def test_the_outbox_gives_back_what_waits_until_it_is_sent(database: Database) -> None:
    outbox = Outbox(OUTBOX)
    entries = [OutboxEntry(f"{n:036d}", "s.thing.insert", "thing", str(n), 1, b'{"n":"\xe6\x95\xb0"}') for n in (2, 1)]
    database.write(lambda connection: outbox.add(connection, entries[0]))
    outbox.append(database, entries[1])
    reader = OutboxReader(database, OUTBOX, Leases(database, LEASES), lambda *event: event)
    waiting = reader.pending(10)
    assert [event[0] for event in waiting] == [f"{1:036d}", f"{2:036d}"]
    assert waiting[0][1:] == ("s.thing.insert", b'{"n":"\xe6\x95\xb0"}', "thing/1")
    assert outbox.backlog(database).pending == 2
    reader.mark_sent([f"{1:036d}"])
    assert [event[0] for event in reader.pending(10)] == [f"{2:036d}"]


def test_one_version_of_an_object_has_one_event(database: Database) -> None:
    entries = [OutboxEntry(f"{n:036d}", "s.thing.update", "thing", "7", 1, b"{}") for n in (1, 2)]
    database.write(lambda connection: Outbox(OUTBOX).add(connection, entries[0]))
    with pytest.raises(IntegrityError):
        database.write(lambda connection: Outbox(OUTBOX).add(connection, entries[1]))


def test_a_lease_has_one_holder_until_it_ends(database: Database) -> None:
    now = [NOON]
    leases = [Leases(database, LEASES, clock=lambda: now[0]) for _ in range(2)]
    assert leases[0].hold("relay", "first")
    assert not leases[1].hold("relay", "second")
    now[0] += timedelta(seconds=60)
    assert leases[1].hold("relay", "second")
    leases[1].release("relay", "second")
    assert leases[0].hold("relay", "third")


def test_a_key_gives_the_first_answer_again(database: Database) -> None:
    keys = IdempotencyKeys(KEYS)
    request = KeyedRequest()

    def first(connection: object) -> str | None:
        earlier = keys.claim(connection, request)
        keys.keep(connection, request, '{"thing_id":1}')
        return earlier

    assert database.write(first) is None
    assert database.write(lambda connection: keys.claim(connection, request)) == '{"thing_id":1}'
    other = KeyedRequest("b" * 64)
    with pytest.raises(IdempotencyKeyReused):
        database.write(lambda connection: keys.claim(connection, other))


def test_of_two_attempts_at_once_one_does_the_work(database: Database) -> None:
    """A client that lost its connection retries while the first attempt still runs."""
    keys, request = IdempotencyKeys(KEYS), KeyedRequest()

    def attempt(number: int) -> str | None:
        def work(connection: object) -> str | None:
            if earlier := keys.claim(connection, request):
                return earlier
            add(f"made by {number}")(connection)
            keys.keep(connection, request, f'"{number}"')
            return None

        return database.write(work)

    attempts = [gevent.spawn(attempt, number) for number in range(4)]
    gevent.joinall(attempts, timeout=20)
    assert [attempt.value for attempt in attempts].count(None) == 1, [attempt.exception for attempt in attempts]
    assert len(names(database)) == 1


def test_rows_appended_at_once_are_all_there(database: Database) -> None:
    """More rows than one statement holds, of two shapes, beside members that fail."""
    rows = [{"thing_name": f"n{number:03}", "made_at": NOON} for number in range(300)]
    rows += [{"thing_name": f"m{number:03}"} for number in range(20)]
    appended = [gevent.spawn(database.append, THINGS, row) for row in rows]
    failing = gevent.spawn(database.write, lambda connection: 1 // 0)
    gevent.joinall([*appended, failing], timeout=60)
    assert isinstance(failing.exception, ZeroDivisionError)
    assert sorted(names(database)) == sorted(str(row["thing_name"]) for row in rows)
    dated = select(THINGS.c.made_at).where(THINGS.c.made_at.is_not(None))
    assert set(database.read(lambda connection: connection.scalars(dated).all())) == {NOON}
