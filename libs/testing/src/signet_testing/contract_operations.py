"""The operations of the contracts, as those who test all of them need to see them."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"


def new_word() -> str:
    """A name that nothing has yet."""
    return f"w{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class ContractOperation:
    """One operation of a contract; `permission` is None where the contract names none."""

    service: str
    method: str
    path: str
    description: Mapping[str, Any] = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.description["operationId"])

    @property
    def permission(self) -> str | None:
        permission: str | None = self.description.get("x-permission")
        return permission

    @property
    def public(self) -> bool:
        return self.description.get("x-public") is True

    @property
    def object_kind(self) -> str | None:
        """The parameter of the path, `demo_id`, that names the object."""
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return names[-1] if names else None

    @property
    def listed_kind(self) -> str | None:
        """What a list's items are named by; None if the operation is no list."""
        schema = self.description["responses"]["200"]["content"].get(JSON, {}).get("schema", {})
        data = self._resolved(self._resolved(schema).get("properties", {}).get("data", {}))
        lists = [part for part in data.get("properties", {}).values() if "items" in part]
        if self.method != "GET" or self.object_kind or "page" not in data.get("properties", {}) or not lists:
            return None
        return str(next(iter(self._resolved(lists[0]["items"])["properties"])))

    @property
    def names_a_user(self) -> bool:
        """Whether query or body can say whose it is about."""
        return "user_id" in self.query_parameters or "user_id" in self.body_schema.get("properties", {})

    @property
    def query_parameters(self) -> list[str]:
        return [part["name"] for part in self.description.get("parameters", []) if part["in"] == "query"]

    @property
    def uploads(self) -> bool:
        """Whether the body is a stream of any bytes."""
        return self.description.get("x-stream") is True and "requestBody" in self.description

    @property
    def body_schema(self) -> Mapping[str, Any]:
        content = self.description.get("requestBody", {}).get("content", {})
        return self._resolved(content.get(JSON, {}).get("schema", {}))

    def minimal_body(self) -> dict[str, Any]:
        """The required fields alone, with values that their schemas allow."""
        schema = self.body_schema
        return {name: self._value(schema["properties"][name]) for name in schema.get("required", ())}

    def _value(self, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        schema = self._resolved(schema["anyOf"][0]) if "anyOf" in schema else schema
        if "enum" in schema:
            return schema["enum"][0]
        if "email" in schema.get("format", ""):
            return f"{new_word()}@example.org"
        values = {"string": new_word(), "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
        return secrets.token_urlsafe(18) if "password" in schema.get("format", "") else values[schema["type"]]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = schema.get("$ref")
        return schema if reference is None else self.document["components"]["schemas"][reference.rpartition("/")[2]]


def read_operations(folder: Path) -> Iterator[ContractOperation]:
    """Every operation of every contract in a folder, but the gateway's own pages, which have no service behind."""
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.load(path.read_text(), yaml.CSafeLoader)
        if (service := document["info"]["x-service"]) == "gateway":
            continue
        for target, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield ContractOperation(service, method.upper(), target, item[method], document)
