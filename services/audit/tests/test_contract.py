"""The contract is what clients and the fuzzer believe, so it must be valid and say everything."""

from openapi_spec_validator import validate

from signet_audit.bootstrap.contracts import contract, declared_events


def test_the_contract_is_valid_openapi() -> None:
    validate(contract())


def test_the_search_says_what_it_needs_and_may_answer() -> None:
    operation = contract()["paths"]["/api/v1/audit/records"]["get"]
    assert operation["operationId"] == "searchRecords"
    assert operation["x-permission"] == "record:query"
    assert operation["x-audit"] == "query"
    assert {"200", "400", "401", "403", "500", "503"} <= operation["responses"].keys()
    assert operation["responses"]["200"]["links"]


def test_changes_are_exported_as_what_they_are_in_an_answer() -> None:
    """They are stored as text, which is nobody's business."""
    changes = contract()["components"]["schemas"]["RecordView"]["properties"]["changes"]
    assert changes["type"] == "object"


def test_the_one_event_is_declared() -> None:
    assert [(e["service"], e["resource"], e["operation"]) for e in declared_events()] == [("audit", "record", "query")]
