"""One OpenAPI document for clients, merged from the contracts of all services."""

from collections.abc import Callable, Sequence
from typing import Any

from signet_gateway.application.contracts import Contract
from signet_gateway.application.errors import ContractInvalid

_REFERENCE = "#/components/"


def merged_document(contracts: Sequence[Contract]) -> dict[str, Any]:
    """Return the document of the whole platform; raises ContractInvalid for a path that two contracts describe.

    Components that two services describe alike are shared; where they differ, the second one's gets its service's
    name in front, and its references follow.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    tags: list[Any] = []
    for contract in contracts:
        document = _without_collisions(contract, components)
        for section, named in document.get("components", {}).items():
            components.setdefault(section, {}).update(named)
        for path, item in document["paths"].items():
            if path in paths:
                raise ContractInvalid(f"{contract.name}: {path} is in another contract too")
            paths[path] = item
        tags += [tag for tag in document.get("tags", []) if tag not in tags]
    info = {
        "title": "Signet",
        "version": "1",
        "description": "Every operation of the platform. Requests are signed: see docs/protocol.md.",
    }
    merged: dict[str, Any] = {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}
    if tags:
        merged["tags"] = tags
    return merged


def _without_collisions(contract: Contract, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the contract's document with those components renamed that mean something else elsewhere."""
    document: dict[str, Any] = dict(contract.document)
    renamed = {
        f"{_REFERENCE}{section}/{name}": f"{_REFERENCE}{section}/{contract.service}_{name}"
        for section, named in document.get("components", {}).items()
        for name, component in named.items()
        if known.get(section, {}).get(name, component) != component
    }
    if not renamed:
        return document
    document = _map_references(document, lambda reference: renamed.get(reference, reference))
    for section, named in document["components"].items():
        document["components"][section] = {
            renamed.get(f"{_REFERENCE}{section}/{name}", name).rpartition("/")[2]: component
            for name, component in named.items()
        }
    return document


def _map_references(node: Any, change: Callable[[str], str]) -> Any:
    """Copy a JSON tree with every `$ref` changed, and the targets of discriminator mappings."""
    if isinstance(node, dict):
        return {
            key: change(value)
            if isinstance(value, str) and value.startswith(_REFERENCE)
            else _map_references(value, change)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_map_references(item, change) for item in node]
    return node
