"""What carries a password or a secret is sealed where the deployment demands it: the contracts say so."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from signet_testing.root import ROOT

SECRET = ("password", "secret", "token")
CONTRACTS = sorted((ROOT / "contracts" / "openapi").glob("*.yaml"))


def named_fields(node: Any, document: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The names of all properties below a schema, references followed."""
    if isinstance(node, list):
        for value in node:
            yield from named_fields(value, document, seen)
    if not isinstance(node, dict):
        return
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        yield from named_fields(target, document, seen | {reference})
    if isinstance(node.get("properties"), dict):
        yield from node["properties"]
    for name, value in node.items():
        if name not in {"example", "examples"}:
            yield from named_fields(value, document, seen)


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.stem)
def test_operations_with_passwords_or_secrets_are_sealed(path: Any) -> None:
    """Forgotten on one operation, a password would pass a plain proxy in production."""
    document = yaml.safe_load(path.read_text())
    for target, item in document["paths"].items():
        for method, operation in item.items():
            parts = (operation.get("requestBody"), operation["responses"].get("200"))
            fields = {name for part in parts for name in named_fields(part, document)}
            secret = {name for name in fields if name in SECRET or name.endswith(("_password", "_secret"))}
            if secret:
                assert operation.get("x-sealed") == "required", f"{method} {target} carries {sorted(secret)}"
