"""Successful answers: results of application code, shaped by pydantic and wrapped in the envelope."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson
from flask import Response
from pydantic import BaseModel, TypeAdapter

from signet_common.web.application import Answer

_HEAD = b'{"return_code":200,"return_msg":"","data":'
JSON = "application/json"


class PageLike(Protocol):
    """A page of a list, as `signet_common.sql.paging.Page` is one."""

    @property
    def items(self) -> Sequence[Any]: ...
    @property
    def page(self) -> int: ...
    @property
    def per_page(self) -> int: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def total(self) -> int | None: ...


def json_response(document: object, status: int = 200) -> Response:
    """Any JSON document."""
    return Answer(orjson.dumps(document), status, content_type=JSON)


def shaper(model: type[BaseModel] | None, plural: str | None) -> Callable[[Any], bytes]:
    """The function that turns a result into the answer's bytes: one object, a page of them, or null."""
    if model is None:
        return lambda _result: _HEAD + b"null}"
    if plural is None:
        one = TypeAdapter(model)
        return lambda result: _HEAD + one.dump_json(one.validate_python(result, from_attributes=True)) + b"}"
    many = TypeAdapter(list[model])  # type: ignore[valid-type]
    return lambda page: _page(page, plural, many)


def _page(page: PageLike, plural: str, many: TypeAdapter[Any]) -> bytes:
    rest: dict[str, object] = {"page": page.page, "per_page": page.per_page, "has_more": page.has_more}
    if page.total is not None:
        rest["total"] = page.total
    items = many.dump_json(many.validate_python(page.items, from_attributes=True))
    return b'%s{"%s":%s,%s}' % (_HEAD, plural.encode(), items, orjson.dumps(rest)[1:-1]) + b"}"
