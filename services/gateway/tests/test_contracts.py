"""Contracts decide what gets through, so a careless one stops the process."""

import openapi_spec_validator
import pytest
import yaml

from signet_gateway.adapters.outbound.contract_files import load_contracts
from signet_gateway.application.contracts import operations, read_contract
from signet_gateway.application.document import merged_document
from signet_gateway.application.errors import ContractInvalid
from signet_gateway.application.live_contracts import LiveContracts
from signet_gateway.application.own_contract import own_contract
from signet_gateway.application.routes import RouteTable


def document(paths, service="resources", **more):
    return {"openapi": "3.1.0", "info": {"x-service": service}, "paths": paths, **more}


def read(paths, service="resources", **more):
    return read_contract(f"{service}.yaml", document(paths, service, **more))


@pytest.mark.parametrize(
    "operation",
    [
        {},
        {"x-permission": "demo"},
        {"x-permission": "demo:*"},
        {"x-permission": 7},
        {"x-public": False},
        {"x-public": "yes"},
        {"x-public": True, "x-permission": "demo:query"},
        {"x-permission": "demo:query", "x-max-body-bytes": "1"},
        {"x-permission": "demo:query", "x-max-body-bytes": -1},
        {"x-permission": "demo:query", "x-stream": "yes"},
        {"x-permission": "demo:query", "x-stream": True, "x-sealed": "optional"},
    ],
)
def test_an_operation_that_does_not_say_who_may_call_it_is_refused(operation):
    """Default deny, and at the start rather than at the first call."""
    with pytest.raises(ContractInvalid, match=r"resources\.yaml: GET /api/v1/demos"):
        list(operations(read({"/api/v1/demos": {"get": operation}})))


def test_an_upload_is_never_public():
    """What is signed of it is its digest, and nobody signs a public operation."""
    with pytest.raises(ContractInvalid, match="nobody signs"):
        list(operations(read({"/api/v1/drop": {"post": {"x-public": True, "x-stream": True}}})))
    (download,) = operations(read({"/api/v1/logo": {"get": {"x-public": True, "x-stream": True}}}))
    assert (download.stream, download.uploads) == (True, False)


def test_a_path_outside_of_the_api_is_refused():
    """`/internal/…` is never routed, whatever a contract says."""
    with pytest.raises(ContractInvalid, match="/internal/grants"):
        list(operations(read({"/internal/grants": {"post": {"x-public": True}}})))


@pytest.mark.parametrize("other", ["/api/v1/{other}", "/api/v1/{id}"])
def test_two_services_cannot_answer_one_path(other):
    """Which one got a request would depend on the order of files."""
    public = {"get": {"x-public": True}}
    known = [*operations(read({"/api/v1/{id}": public})), *operations(read({other: public}, "audit"))]
    with pytest.raises(ContractInvalid, match="twice"):
        RouteTable(known)


def test_a_parameter_is_a_whole_segment():
    """Anything cleverer could match one path in two ways."""
    with pytest.raises(ContractInvalid, match="whole segment"):
        RouteTable(operations(read({"/api/v1/{a}-{b}": {"get": {"x-public": True}}})))


@pytest.mark.parametrize("text", ["", "[]", "paths: {}", "a: [", "info: {x-service: ''}\npaths: {}"])
def test_a_file_that_is_no_contract_stops_the_start(tmp_path, text):
    """Better no gateway than half of one."""
    (tmp_path / "openapi").mkdir()
    (tmp_path / "openapi" / "x.yaml").write_text(text)
    with pytest.raises(ContractInvalid, match=r"x\.yaml"):
        load_contracts(tmp_path)


def test_a_folder_without_contracts_stops_the_start(tmp_path):
    """A wrong folder must not look like a platform without operations."""
    with pytest.raises(ContractInvalid, match="no contract"):
        load_contracts(tmp_path)


def test_components_that_differ_keep_their_own_references():
    """Two services may both have an `Item`."""
    public = {"x-public": True}

    def schema(text):
        return {"components": {"schemas": {"Item": {"type": text}, "Error": {"type": "object"}}}}

    def answer(name):
        return {"get": public | {"responses": {"200": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}}

    merged = merged_document(
        [
            read({"/api/a": answer("Item")}, "resources", **schema("string")),
            read({"/api/b": answer("Item")}, "audit", **schema("integer")),
        ]
    )
    assert set(merged["components"]["schemas"]) == {"Item", "audit_Item", "Error"}
    reference = merged["paths"]["/api/b"]["get"]["responses"]["200"]["schema"]["$ref"]
    assert reference == "#/components/schemas/audit_Item"
    assert merged["components"]["schemas"]["audit_Item"] == {"type": "integer"}
    assert merged["paths"]["/api/a"]["get"]["responses"]["200"]["schema"]["$ref"] == "#/components/schemas/Item"


def test_the_gateways_own_contract_is_valid_and_forwards_nothing():
    """It describes what the gateway answers itself."""
    openapi_spec_validator.validate(own_contract())
    assert yaml.safe_load(yaml.safe_dump(own_contract())) == own_contract()
    assert list(operations(read_contract("gateway.yaml", own_contract()))) == []


def test_sound_contracts_replace_those_that_are_served():
    """Without a restart."""
    made = ["new"]
    live = LiveContracts("old", made.pop)
    live.reload()
    assert live.served == "new"
    assert live.probe()["contracts"].status == "ok"


def test_unsound_contracts_leave_those_that_are_served_where_they_are(caplog):
    """And say so until sound ones come."""
    outcomes = [ContractInvalid("resources.yaml: GET /x: needs a permission"), None]

    def make():
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome
        return "new"

    live = LiveContracts("old", make)
    live.reload()
    assert live.served == "old"
    assert live.probe()["contracts"].status == "degraded"
    assert "resources.yaml: GET /x" in caplog.text
    live.reload()
    assert (live.served, live.probe()["contracts"].status) == ("new", "ok")
