"""Paging, date ranges and literal text filters, the same in every list of the house."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from signet_common.sql.driver import PreparedSelect

T = TypeVar("T")
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page, from 1, of how many items; `count` asks for the total, which costs a second statement."""

    page: int = 1
    per_page: int = 20
    count: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """One page of a list, as every list answers."""

    items: Sequence[ItemT]
    page: int
    per_page: int
    has_more: bool
    total: int | None = None


class PagedStatement:
    """An ordered statement with its window and its count, built and compiled once, for the lists that are read most."""

    def __init__(self, statement: Select[Any]) -> None:
        self._window = PreparedSelect(_window(statement))
        self._count = PreparedSelect(_count(statement))

    def fetch(
        self,
        connection: Connection,
        request: PageRequest,
        make_item: Callable[..., ItemT],
        parameters: Mapping[str, Any] | None = None,
    ) -> Page[ItemT]:
        """Run it for one page: each item is made from the columns, in their order.

        `parameters` are the values of the statement's own `bindparam`s.
        """
        values = dict(parameters or {})
        rows = self._window.rows(connection, values | _bounds(request))
        total = self._count.rows(connection, values)[0][0] if request.count else None
        return _page([make_item(*row) for row in rows[: request.per_page]], request, len(rows), total)


def fetch_page(
    connection: Connection, statement: Select[Any], request: PageRequest, make_item: Callable[[Row[Any]], ItemT]
) -> Page[ItemT]:
    """Run an ordered `statement` for one page; where it is built for one request alone."""
    rows = connection.execute(_window(statement), _bounds(request)).all()
    total = connection.execute(_count(statement)).scalar_one() if request.count else None
    return _page([make_item(row) for row in rows[: request.per_page]], request, len(rows), total)


def _window(statement: Select[Any]) -> Select[Any]:
    return statement.limit(bindparam("page_rows")).offset(bindparam("page_offset"))


def _count(statement: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(statement.order_by(None).subquery())


def _bounds(request: PageRequest) -> dict[str, int]:
    # One row more than asked tells whether there is another page.
    return {"page_rows": request.per_page + 1, "page_offset": (request.page - 1) * request.per_page}


def _page(items: Sequence[ItemT], request: PageRequest, found: int, total: int | None) -> Page[ItemT]:
    return Page(items, request.page, request.per_page, found > request.per_page, total)


def day_start(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime.combine(day, time.min, UTC)


def day_end(day: date) -> datetime | None:
    """The first instant after a UTC day; None after the last one that there is."""
    return day_start(day + timedelta(days=1)) if day < date.max else None


def within_days(column: Any, start: date | None, end: date | None) -> list[ColumnElement[bool]]:
    """Conditions that keep instants on the UTC days from `start` to `end`, both included."""
    conditions: list[ColumnElement[bool]] = []
    if start is not None:
        conditions.append(column >= day_start(start))
    if end is not None and (after := day_end(end)) is not None:
        conditions.append(column < after)
    return conditions


def contains(column: Any, text: Any) -> ColumnElement[bool]:
    """Whether `column` contains `text`, a value or a `bindparam`.

    There are no wildcards, and case matters; LIKE does not promise that on every engine.
    """
    return PositionOf(column, text) > 0


class PositionOf(FunctionElement[int]):
    """The position of a text in a column, from 1; 0 when it is not there."""

    name = "position_of"
    type = Integer()
    inherit_cache = True


@compiles(PositionOf)
def _instr(element: PositionOf, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(PositionOf, "postgresql")
def _strpos(element: PositionOf, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"
