"""The contract of a service as OpenAPI 3.1, written from what its decorators and models say.

flask-restx would emit Swagger 2.0 from models of its own; here pydantic is the one source of every schema.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import yaml
from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from signet_common.web.contract_operations import SECURITY_SCHEMES, describe
from signet_common.web.operations import Operation, operation_of
from signet_protocol.return_codes import ReturnCode

_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")
_METHODS = ("get", "post", "put", "patch", "delete")


def export(app: Flask, *, service: str, title: str, version: str, description: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of every public operation of `app`."""
    operations = list(public_operations(app))
    schemas = _schemas([operation for _, _, operation in operations])
    paths: dict[str, Any] = {}
    for rule, method, operation in operations:
        paths.setdefault(_PARAMETER.sub(r"{\2}", rule), {})[method] = describe(rule, method, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description, "x-service": service},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas, "securitySchemes": SECURITY_SCHEMES},
    }


class _PlainDumper(yaml.SafeDumper):
    """Writes repeated parts out: a contract is read by people and by tools that know no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def to_yaml(document: dict[str, Any]) -> str:
    """The document as it is committed and reviewed."""
    return yaml.dump(document, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120)


def public_operations(app: Flask) -> Iterator[tuple[str, str, Operation]]:
    """Every (rule, lower-case method, operation) that a contract names.

    Raises ValueError for a view that says neither which permission it needs nor that it is public or internal.
    """
    for rule in app.url_map.iter_rules():
        view_class = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for method in _METHODS:
            view = getattr(view_class, method, None)
            if view is None:
                continue
            operation = operation_of(view)
            if operation.internal_issuers:
                continue
            if operation.permission is None and not operation.public:
                raise ValueError(f"{method.upper()} {rule.rule} names no permission and is not public")
            yield rule.rule, method, operation


def _schemas(operations: list[Operation]) -> dict[str, Any]:
    views = {operation.view for operation in operations if operation.view}
    bodies = {operation.body for operation in operations if operation.body}
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model in views]
    wanted += [(model, "validation") for model in bodies]
    wanted.sort(key=lambda entry: entry[0].__name__)
    _, definitions = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    return {**definitions.get("$defs", {}), "Error": _error_schema()}


def _error_schema() -> dict[str, Any]:
    refusals = [code.value for code in ReturnCode if code.http_status >= HTTPStatus.BAD_REQUEST]
    return {
        "type": "object",
        "description": "A refusal: `return_code // 1000` is the HTTP status, `return_msg` names what is wrong.",
        "properties": {
            "return_code": {"type": "integer", "enum": refusals},
            "return_msg": {"type": "string"},
            "data": {"type": ["object", "null"]},
        },
        "required": ["return_code", "return_msg", "data"],
        "additionalProperties": False,
    }
