"""The contract is what clients and the fuzzer believe, so it must be valid and say everything."""

import pytest
from openapi_spec_validator import validate

from signet_resources.bootstrap.contracts import contract


def test_the_contract_is_valid_openapi() -> None:
    validate(contract())


@pytest.mark.parametrize("path", ["/api/v1/demos", "/api/v1/demos/{demo_id}"])
def test_every_operation_says_what_it_needs_and_may_answer(path: str) -> None:
    for operation in contract()["paths"][path].values():
        assert operation["summary"]
        assert operation["x-permission"].startswith("demo:")
        assert operation["x-audit"] in {"insert", "update", "delete", "query"}
        assert {"200", "400", "401", "403", "500", "503"} <= operation["responses"].keys()


def test_limits_are_exported_where_a_fuzzer_finds_them() -> None:
    document = contract()
    parameters = {p["name"]: p["schema"] for p in document["paths"]["/api/v1/demos"]["get"]["parameters"]}
    assert (parameters["per_page"]["minimum"], parameters["per_page"]["maximum"]) == (1, 100)
    name = document["components"]["schemas"]["DemoCreate"]["properties"]["demo_name"]
    assert (name["format"], name["minLength"], name["maxLength"]) == ("utf8-max-15-bytes", 1, 15)
    assert document["components"]["schemas"]["DemoUpdate"]["minProperties"] == 1
