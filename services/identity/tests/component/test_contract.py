"""The contract is what clients, the gateway and the fuzzer believe, so it must be valid and say everything."""

import pytest
from openapi_spec_validator import validate

from signet_identity.bootstrap.contracts import contract

PUBLIC = {
    f"/api/v1/{path}" for path in ("sessions", "password-resets", "password-resets/complete", "email-confirmations")
}


@pytest.fixture(scope="module")
def document():
    return contract()


def test_the_contract_is_valid_openapi(document):
    """Tools refuse anything else."""
    validate(document)


def test_every_operation_says_what_it_needs_and_may_answer(document):
    """The gateway refuses a contract with an operation of unknown permission."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"]
            assert (path in PUBLIC and method == "post") == (":" not in operation.get("x-permission", ""))
            assert operation["x-audit"] in {"insert", "update", "delete", "query"}
            assert {"200", "400", "500", "503"} <= operation["responses"].keys()


def test_only_what_nobody_could_sign_is_public(document):
    """Whoever has no credential yet signs in, or brings a token from a mail; everything else is signed."""
    public = [
        (path, method)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation.get("x-public")
    ]
    assert public == [(path, "post") for path in sorted(PUBLIC)]


def test_no_answer_but_the_first_shows_a_secret(document):
    """What a schema does not name is never sent."""
    shown = {
        name for name, schema in document["components"]["schemas"].items() if "secret" in schema.get("properties", ())
    }
    assert shown == {"NewApiKeyView", "SessionView"}
