"""The contract is what clients, the gateway and the fuzzer believe, so it must be valid and say everything."""

import pytest
from openapi_spec_validator import validate

from signet_identity.bootstrap.contracts import contract


@pytest.fixture(scope="module")
def document():
    return contract()


def test_the_contract_is_valid_openapi(document):
    """Tools refuse anything else."""
    validate(document)


def test_every_operation_says_what_it_needs_and_may_answer(document):
    """The gateway refuses a contract with an operation of unknown permission."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert path == "/api/v1/sessions" or ":" in operation["x-permission"]
            assert operation["x-audit"] in {"insert", "update", "delete", "query"}
            assert {"200", "400", "500", "503"} <= operation["responses"].keys()


def test_signing_in_alone_is_public(document):
    """Everything else is signed."""
    public = [
        (path, method)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation.get("x-public")
    ]
    assert public == [("/api/v1/sessions", "post")]


def test_no_answer_but_the_first_shows_a_secret(document):
    """What a schema does not name is never sent."""
    shown = {
        name for name, schema in document["components"]["schemas"].items() if "secret" in schema.get("properties", ())
    }
    assert shown == {"NewApiKeyView", "SessionView"}
