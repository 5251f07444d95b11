"""Which operations exist is read from the contracts."""

import pytest

from signet_identity.adapters.outbound.contracts import ContractsUnreadable, permissions_in


def write(folder, name, text):
    (folder / "openapi").mkdir(exist_ok=True)
    (folder / "openapi" / name).write_text(text)


def test_every_permission_of_every_contract_is_found(tmp_path):
    """The administrator may do all of it; public operations ask for nothing."""
    write(tmp_path, "a.yaml", "paths: {/a: {parameters: [], get: {x-permission: 'a:query'}, post: {x-public: true}}}")
    write(tmp_path, "b.yaml", "paths: {/b: {post: {x-permission: 'b:create'}}}")
    assert permissions_in(tmp_path) == {"a:query", "b:create"}


@pytest.mark.parametrize("text", ["", "[]", "paths: 7", "paths: {/a: 7}", "{", "info: {}", "!!python/object:a.b {}"])
def test_a_file_that_is_no_contract_is_named(tmp_path, text):
    """Half-read contracts would silently take rights away."""
    write(tmp_path, "broken.yaml", text)
    with pytest.raises(ContractsUnreadable, match=r"broken\.yaml"):
        permissions_in(tmp_path)


def test_a_folder_without_contracts_is_named(tmp_path):
    """An administrator without any operation would be a riddle."""
    with pytest.raises(ContractsUnreadable, match="openapi"):
        permissions_in(tmp_path)
