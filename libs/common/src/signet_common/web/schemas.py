"""The pieces that request models are made of: strict, bounded, and exported so that a fuzzer can make valid ones.

A limit in bytes is exported as the format `utf8-max-<n>-bytes`; JSON Schema itself counts characters alone.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

MAX_ID = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""

NAME_PATTERN = "[a-z][a-z0-9-]{0,63}"
"""How code names what stands in paths."""

MAX_PAGE = 1_000_000
MAX_PER_PAGE = 100

# Control characters (Unicode Cc) carry nothing a reader sees, and PostgreSQL refuses NUL; lone surrogates are no text.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class BodyModel(BaseModel):
    """A request body: unknown fields are refused, and no value is guessed from another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _says_what_may_change(schema: dict[str, Any], model: type[Any]) -> None:
    """A default in a change would read as a value that is set; what is absent stays as it is."""
    schema["minProperties"] = 1
    schema["examples"] = list(model.examples)
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class ChangeModel(BodyModel):
    """A change of some fields: the defaults only stand for absence, and at least one field must be named."""

    model_config = ConfigDict(json_schema_extra=_says_what_may_change)

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Changes that the contract shows."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("names no field to change")
        return self

    def named(self) -> dict[str, Any]:
        """The fields that the client sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class QueryModel(BaseModel):
    """Query parameters: all text on the wire, each with one spelling; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ViewModel(BaseModel):
    """The shape of an answer."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class MaxBytes:
    """At most `limit` bytes of UTF-8, and nothing unprintable; null passes where the type allows it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"format": f"utf8-max-{self.limit}-bytes", "maxLength": self.limit}

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, text: str | None) -> str | None:
        if text is None:
            return None
        if _UNPRINTABLE.search(text):
            raise ValueError("holds a control character")
        if len(text.encode()) > self.limit:
            raise ValueError(f"is longer than {self.limit} bytes of UTF-8")
        return text


def _one_spelling(pattern: re.Pattern[str], what: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise ValueError(f"is not {what}")
        return value

    return BeforeValidator(check)


def _truth(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("is not true or false")
        return value == "true"
    return value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


INTEGER = _one_spelling(_INTEGER, "an integer")
"""Comes last in `Annotated[int, Field(ge=…), INTEGER]`, so that the limits before it are exported."""

WHOLE = BeforeValidator(_whole)
"""For numbers in a body, last in `Annotated[int, Field(ge=…, le=…), WHOLE]`, so that the limits are exported. JSON has
one kind of number: 7.0 is an integer to JSON Schema, and to clients without integers."""

BodyWhole = Annotated[int, Field(ge=-MAX_ID, le=MAX_ID), WHOLE]
BodyId = Annotated[int, Field(ge=1, le=MAX_ID), WHOLE]

QueryId = Annotated[int, Field(ge=1, le=MAX_ID), INTEGER]
QueryBool = Annotated[bool, BeforeValidator(_truth)]
QueryDate = Annotated[
    date,
    _one_spelling(_DATE, "a date, yyyy-MM-dd"),
    WithJsonSchema({"type": "string", "format": "date", "description": "A UTC day, yyyy-MM-dd."}),
]


class PagedQuery(QueryModel):
    """What every list takes."""

    page: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Which page, from 1."), INTEGER] = 1
    per_page: Annotated[int, Field(ge=1, le=MAX_PER_PAGE, description="Items on a page."), INTEGER] = 20
    count: Annotated[QueryBool, Field(description="Whether to answer `total` as well.")] = False


class DateRangeQuery(PagedQuery):
    """A list that can be narrowed to the days on which things were made."""

    create_date_start: Annotated[QueryDate | None, Field(description="First UTC day, included.")] = None
    create_date_end: Annotated[QueryDate | None, Field(description="Last UTC day, included.")] = None
