"""What a repeated request is answered after the version that answered it first has been replaced."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, MetaData

from signet_common.sql.database import Database
from signet_common.sql.idempotency import AnswerNotKept, IdempotencyKeys, idempotency_table
from signet_common.sql.unit_of_work import SqlUnitOfWork

METADATA = MetaData()
KEYS = idempotency_table(METADATA)


@dataclass(frozen=True)
class Caller:
    user_id: int | None = 1
    permission: str = "thing:create"
    idempotency_key: str = "key"
    method: str = "POST"
    target: str = "/things"
    body_sha256: str = ""


@dataclass(frozen=True)
class Thing:
    thing_id: int


@dataclass(frozen=True)
class DefaultedThing(Thing):
    colour: str | None = None


@dataclass(frozen=True)
class ColouredThing(Thing):
    colour: str


@pytest.fixture
def unit_of_work(database_url: str) -> Iterator[SqlUnitOfWork[Caller, None]]:
    database = Database.open(database_url, grouped=False)
    METADATA.create_all(database.engine)
    yield SqlUnitOfWork(database, IdempotencyKeys(KEYS), _nothing)
    database.close()


def _nothing(_connection: Connection, _caller: Caller) -> None: ...


def test_a_new_field_with_a_default_leaves_earlier_answers_usable(
    unit_of_work: SqlUnitOfWork[Caller, None],
) -> None:
    """Clients repeat across a deployment as at any other time."""
    unit_of_work.execute(Caller(), lambda _: Thing(7), Thing)
    again = unit_of_work.execute(Caller(), lambda _: DefaultedThing(8, "red"), DefaultedThing)
    assert again == DefaultedThing(7, None)


def test_an_answer_that_lacks_a_required_field_is_refused_and_nothing_is_done_twice(
    unit_of_work: SqlUnitOfWork[Caller, None],
) -> None:
    """It is the client's request that was carried out, and no failure of the server's."""
    done = []
    unit_of_work.execute(Caller(), lambda _: Thing(7), Thing)
    with pytest.raises(AnswerNotKept):
        unit_of_work.execute(Caller(), lambda _: done.append(8) or ColouredThing(8, "red"), ColouredThing)
    assert not done
