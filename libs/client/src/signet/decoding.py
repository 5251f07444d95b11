"""Turn an envelope's `data` into frozen dataclasses.

Contracts grow by addition: unknown fields are passed over, so that an old client reads a newer server. A promised
field that is missing is an error.
"""

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Generic, TypeVar, cast, get_args, get_origin, get_type_hints

from signet.errors import AnswerInvalid

T = TypeVar("T")
Converter = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `total` is known only when it was asked for."""

    items: tuple[T, ...]
    page: int
    per_page: int
    has_more: bool
    total: int | None = None


def decode(kind: type[T], data: object) -> T:
    """Build `kind`, a dataclass, from a JSON object. Raises AnswerInvalid where a field is missing or misshapen."""
    if not isinstance(data, Mapping):
        raise AnswerInvalid(f"The answer holds no {kind.__name__}.")
    values = {}
    for name, convert, required in _fields(cast("Hashable", kind)):
        if name not in data:
            if required:
                raise AnswerInvalid(f"The answer's {kind.__name__} lacks {name}.")
            continue
        try:
            values[name] = convert(data[name])
        except (TypeError, ValueError) as error:
            raise AnswerInvalid(f"The answer's {kind.__name__} has a strange {name}.") from error
    return kind(**values)


def decode_page(kind: type[T], plural: str, data: object) -> Page[T]:
    """Build a page whose items stand under `plural`."""
    items = data.get(plural) if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(items, list):
        raise AnswerInvalid(f"The answer holds no {plural}.")
    decoded = tuple(decode(kind, item) for item in items)
    return Page(
        decoded, data.get("page", 1), data.get("per_page", len(decoded)), data.get("has_more", False), data.get("total")
    )


@cache
def _fields(kind: Any) -> tuple[tuple[str, Converter, bool], ...]:
    hints = get_type_hints(kind)
    return tuple(
        (
            field.name,
            _converter(hints[field.name]),
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _converter(hint: Any) -> Converter:
    if isinstance(hint, UnionType):
        inner = _converter(next(member for member in get_args(hint) if member is not type(None)))
        return lambda value: None if value is None else inner(value)
    if hint is datetime:
        return datetime.fromisoformat
    if get_origin(hint) is tuple:
        inner = _converter(get_args(hint)[0])
        return lambda value: tuple(inner(item) for item in value)
    if dataclasses.is_dataclass(hint):
        return lambda value: decode(hint, value)  # type: ignore[arg-type]
    return lambda value: value
