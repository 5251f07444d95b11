"""The unit of work: one transaction that holds a change, its event and the answer to its Idempotency-Key."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from signet_common.sql.database import Database
from signet_common.sql.idempotency import AnswerNotKept, IdempotencyKeys, KeyedRequest

CallerT = TypeVar("CallerT", bound=KeyedRequest)
TransactionT = TypeVar("TransactionT")
ResultT = TypeVar("ResultT")


class SqlUnitOfWork(Generic[CallerT, TransactionT]):
    """Runs a service's intentions. `transaction` makes what they see from a connection and the caller."""

    def __init__(
        self,
        database: Database,
        keys: IdempotencyKeys,
        transaction: Callable[[Connection, CallerT], TransactionT],
    ) -> None:
        self._database = database
        self._keys = keys
        self._transaction = transaction

    def execute(
        self,
        caller: CallerT,
        work: Callable[[TransactionT], ResultT],
        result: type[ResultT],
        *,
        secret: bool = False,
        adds_only: bool = False,
        again: Callable[[TransactionT, ResultT], None] | None = None,
    ) -> ResultT:
        """Do `work` once, or return what it returned when the same keyed request was carried out before.

        `result` is the dataclass (or None's type) that `work` returns. With `secret` the answer is not kept, and a
        repeat raises AnswerNotKept. `again` is called before the first answer is given once more: it raises what keeps
        the caller from seeing that by now, and records that it was shown. An answer that shows something is kept to
        itself (AnswerNotKept) without it. `adds_only` is the promise of `Database.write`. Raises what `work` raises,
        IdempotencyKeyReused, DatabaseUnavailable.
        """
        adapter: TypeAdapter[ResultT] = _adapter(result)  # type: ignore[arg-type]  # types hash

        def transact(connection: Connection) -> ResultT:
            if not caller.idempotency_key:
                return work(self._transaction(connection, caller))
            earlier = self._keys.claim(connection, caller)
            if earlier is not None:
                return self._shown_again(connection, caller, _again(adapter, earlier), again)
            outcome = work(self._transaction(connection, caller))
            if not secret:
                self._keys.keep(connection, caller, adapter.dump_json(outcome).decode())
            return outcome

        # A key is a row that another attempt may wait for.
        return self._database.write(transact, adds_only=adds_only and not caller.idempotency_key)

    def _shown_again(
        self,
        connection: Connection,
        caller: CallerT,
        answer: ResultT,
        again: Callable[[TransactionT, ResultT], None] | None,
    ) -> ResultT:
        if answer is not None:
            if again is None:
                raise AnswerNotKept
            again(self._transaction(connection, caller), answer)
        return answer


@lru_cache(maxsize=64)
def _adapter(result: Any) -> TypeAdapter[Any]:
    return TypeAdapter(result)


def _again(adapter: TypeAdapter[ResultT], earlier: str) -> ResultT:
    """The first answer. Raises AnswerNotKept for one of an older version, which lacks what answers hold by now."""
    try:
        return adapter.validate_json(earlier)
    except ValidationError:
        raise AnswerNotKept from None
