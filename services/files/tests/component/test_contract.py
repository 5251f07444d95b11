"""The contract is what clients and the fuzzer believe, so it must be valid and say everything."""

from openapi_spec_validator import validate

from signet_files.bootstrap.contracts import contract


def test_the_contract_is_valid_openapi() -> None:
    validate(contract())


def test_every_operation_says_what_it_needs_and_leaves_behind() -> None:
    """An operation without a permission would be anybody's."""
    for path, item in contract()["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert operation["x-permission"].startswith("file"), (method, path)
            assert operation["x-audit"], (method, path)


def test_contents_are_streams() -> None:
    """The gateway and nginx buffer whatever is not marked."""
    paths = contract()["paths"]
    upload, download = paths["/api/v1/files"]["post"], paths["/api/v1/files/{file_id}/content"]["get"]
    assert upload["x-stream"]
    assert download["x-stream"]
    assert upload["x-max-body-bytes"] == 2**40
