"""Paging, date ranges and literal text filters, the same in every list of the house."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

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


def fetch_page(
    connection: Connection, statement: Select[Any], request: PageRequest, make_item: Callable[[Row[Any]], ItemT]
) -> Page[ItemT]:
    """Run an ordered `statement` for one page; one row more than asked tells whether there is another page."""
    window = statement.limit(request.per_page + 1).offset((request.page - 1) * request.per_page)
    rows = connection.execute(window).all()
    total = None
    if request.count:
        total = connection.execute(select(func.count()).select_from(statement.order_by(None).subquery())).scalar_one()
    items = [make_item(row) for row in rows[: request.per_page]]
    return Page(items, request.page, request.per_page, len(rows) > request.per_page, total)


def within_days(column: Any, start: date | None, end: date | None) -> list[ColumnElement[bool]]:
    """Conditions that keep instants on the UTC days from `start` to `end`, both included."""
    conditions: list[ColumnElement[bool]] = []
    if start is not None:
        conditions.append(column >= datetime.combine(start, time.min, UTC))
    if end is not None and end < date.max:
        conditions.append(column < datetime.combine(end + timedelta(days=1), time.min, UTC))
    return conditions


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Whether `column` contains `text`: no wildcards, and case matters, which LIKE does not promise on every engine."""
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
