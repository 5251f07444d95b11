"""Every field that clients set is stored, answered and told: a forgotten one would be silent."""

from typing import Any

import pytest

from signet_resources.adapters.inbound.schemas import DemoCreate, DemoUpdate
from signet_resources.adapters.outbound.event_map import EVENTS
from signet_resources.domain.demos import CLIENT_FIELDS

MADE = {"demo_name": "made", "demo_state": "inactive"}
CHANGED = {"demo_name": "changed", "demo_state": "active"}
CHANGES = {field: [MADE[field], CHANGED[field]] for field in MADE}


@pytest.mark.parametrize("named", [DemoCreate.model_fields, DemoUpdate.model_fields, CHANGES])
def test_the_domain_and_the_contract_name_the_same_fields(named: Any) -> None:
    """The values above are among them: a new field needs two here, and the tests below then follow it."""
    assert set(named) == set(CLIENT_FIELDS)


def test_every_change_is_declared_on_the_bus() -> None:
    """Other resources have fields of their own."""
    for event in (event for event in EVENTS if event.resource == "demo"):
        assert set(event.changes) == (set(CLIENT_FIELDS) if event.has_version else set())


@pytest.mark.parametrize("field", DemoUpdate.model_fields)
def test_a_changed_field_is_answered_kept_and_told(api: Any, field: str) -> None:
    path = make(api)
    answered = api.call("PATCH", path, {field: CHANGED[field]}).json["data"]
    kept = api.call("GET", "/api/v1/demos").json["data"]["demos"]
    assert answered[field] == CHANGED[field]
    assert kept == [answered]
    assert api.events()[1]["data"]["changes"] == {field: CHANGES[field]}


def make(api: Any) -> str:
    """The path of a demo of the first values."""
    made = api.call("POST", "/api/v1/demos", MADE).json["data"]
    assert {field: made[field] for field in MADE} == MADE
    return f"/api/v1/demos/{made['demo_id']}"


def test_making_and_deleting_tell_every_field(api: Any) -> None:
    path = make(api)
    api.call("DELETE", path)
    made, deleted = (event["data"]["changes"] for event in api.events())
    assert made == {field: [None, value] for field, value in MADE.items()}
    assert deleted == {field: [value, None] for field, value in MADE.items()}
