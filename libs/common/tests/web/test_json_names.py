"""A member that is given twice is refused, wherever it stands and however it is spelled."""

import json

import pytest
from flask import Flask, Request, request

from signet_common.web.errors import FieldErrors
from signet_common.web.requests import parse_body
from signet_common.web.schemas import BodyModel


class Held(BodyModel):
    name: str
    scope: str = "own"


class Body(BodyModel):
    role_name: str = ""
    permissions: tuple[Held, ...] = ()
    held: Held | None = None


def body_with(data: bytes) -> Request:
    headers = {"Content-Type": "application/json"}
    with Flask(__name__).test_request_context(method="POST", data=data, headers=headers):
        return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'{"role_name": "a", "role_name": "b"}', "role_name"),
        (b'{"role_name": "a", "role_name": "a"}', "role_name"),
        (b'{"role_name":"a","\\u0072ole_name":"b"}', "role_name"),
        (b'{"role_name": "a:b", "permissions": [], "role_name": "b"}', "role_name"),
        (b'{"permissions": [{"name": "demo:query", "scope": "own", "scope": "any"}]}', "scope"),
        (b'{"role_name": "a", "held": {"name": "x", "name": "y"}}', "name"),
        (b'{"permissions": [{"name": "a"}, {"name": "b", "name": "c"}]}', "name"),
    ],
)
def test_a_repeated_name_is_refused_and_named(data: bytes, name: str) -> None:
    """Two readers of one body must not read two meanings; an escape is another spelling of the same name."""
    with pytest.raises(FieldErrors) as refused:
        parse_body(body_with(data), Body)
    assert refused.value.data == {"errors": [{"field": name, "message": "is given twice"}]}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"role_name": "a"},
        {"role_name": 'colons: "like": {"these": 1}'},
        {"role_name": "role_name", "held": {"name": "role_name"}},
        {"permissions": [{"name": "demo:query"}, {"name": "demo:query"}], "held": {"name": "x", "scope": "any"}},
    ],
)
def test_a_name_may_stand_in_several_objects_and_in_texts(document: dict[str, object]) -> None:
    """Only one object's own members count, and a text is no member."""
    read = parse_body(body_with(json.dumps(document).encode()), Body)
    assert read == Body.model_validate_json(json.dumps(document))
