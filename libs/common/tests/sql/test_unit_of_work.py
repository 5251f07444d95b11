"""What a repeated request is answered after the version that answered it first has been replaced."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, MetaData

from signet_common.sql.database import Database
from signet_common.sql.idempotency import AnswerNotKept, IdempotencyKeyReused, IdempotencyKeys, idempotency_table
from signet_common.sql.unit_of_work import SqlUnitOfWork

METADATA = MetaData()
KEYS = idempotency_table(METADATA)


@dataclass(frozen=True)
class Caller:
    user_id: int | None = 1
    credential_id: str = "session/1"
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


def _allowed(_transaction: None, _answer: Thing) -> None: ...


def test_a_new_field_with_a_default_leaves_earlier_answers_usable(
    unit_of_work: SqlUnitOfWork[Caller, None],
) -> None:
    """Clients repeat across a deployment as at any other time."""
    unit_of_work.execute(Caller(), lambda _: Thing(7), Thing)
    again = unit_of_work.execute(Caller(), lambda _: DefaultedThing(8, "red"), DefaultedThing, again=_allowed)
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


def test_the_first_answer_is_given_again_to_whoever_may_still_see_it(unit_of_work: SqlUnitOfWork[Caller, None]) -> None:
    """What is gone or out of reach by now is not told by a repeat either; nor is it where nobody has looked."""

    def gone(_transaction: None, answer: Thing) -> None:
        raise LookupError(answer.thing_id)

    unit_of_work.execute(Caller(), lambda _: Thing(7), Thing)
    seen: list[Thing] = []

    def look(_transaction: None, answer: Thing) -> None:
        seen.append(answer)

    assert unit_of_work.execute(Caller(), lambda _: Thing(8), Thing, again=look) == Thing(7)
    assert seen == [Thing(7)]
    with pytest.raises(LookupError):
        unit_of_work.execute(Caller(), lambda _: Thing(8), Thing, again=gone)
    with pytest.raises(AnswerNotKept):
        unit_of_work.execute(Caller(), lambda _: Thing(8), Thing)


def test_a_key_belongs_to_its_credential(unit_of_work: SqlUnitOfWork[Caller, None]) -> None:
    """A stolen API key of narrow rights must not read what its user's session was answered."""
    unit_of_work.execute(Caller(), lambda _: Thing(7), Thing)
    with pytest.raises(IdempotencyKeyReused):
        unit_of_work.execute(Caller(credential_id="api_key/1"), lambda _: Thing(8), Thing, again=_allowed)
