"""One operation of a contract: its parameters, body, security and Signet's own extensions, beside its answers."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from signet_common.web.contract_answers import errors, successes
from signet_common.web.contract_streams import (
    digest_parameter,
    download_parameters,
    downloads,
    stream_extensions,
    upload_body,
    uploads,
)
from signet_common.web.operations import Operation
from signet_common.web.schemas import MAX_ID, NAME_PATTERN

_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")

SECURITY_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "Session": {"type": "http", "scheme": "bearer"},
    "Sign": {"type": "apiKey", "in": "header", "name": "X-Sign"},
    "Timestamp": {"type": "apiKey", "in": "header", "name": "X-Timestamp"},
    "Nonce": {"type": "apiKey", "in": "header", "name": "X-Nonce"},
}
_SIGNED: dict[str, list[str]] = {"Sign": [], "Timestamp": [], "Nonce": []}

_PATH_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "id": {"schema": {"type": "integer", "minimum": 1, "maximum": MAX_ID}, "example": 1},
    "name": {"schema": {"type": "string", "pattern": f"^{NAME_PATTERN}$"}},
}
"""By the converter that a rule names: a path takes nothing that has no rule."""

_HEADERS = {
    "Idempotency-Key": {"type": "string", "pattern": "^[!-~]{1,255}$", "description": "Repeats get the first answer."},
    "If-Match": {"type": "string", "pattern": '^("[1-9][0-9]{0,8}"|\\*)$', "description": "Only at this version."},
    "If-None-Match": {"type": "string", "pattern": '^("[1-9][0-9]{0,8}"|\\*)$', "description": "Unless at it."},
}


def describe(rule: str, method: str, operation: Operation) -> dict[str, Any]:
    """The OpenAPI operation object."""
    described: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [rule.split("/")[3]],
        **({"description": operation.description} if operation.description else {}),
        **_extensions(operation),
        "parameters": [*_path_parameters(rule), *_query_parameters(operation), *_header_parameters(method, operation)],
        "security": _security(method, operation),
        "responses": {**successes(method, operation), **errors(method, operation)},
    }
    if uploads(method, operation):
        described["requestBody"] = upload_body()
    elif operation.body:
        described["requestBody"] = _request_body(operation.body)
    if operation.versioned and method == "get":
        described["responses"]["304"] = {"description": "The version that the client has is the newest."}
    return described


def _security(method: str, operation: Operation) -> list[dict[str, list[str]]]:
    """What a request proves itself with. Nothing signs a public one; one that changes state is still sent once only."""
    if not operation.public:
        return [{"ApiKey": [], **_SIGNED}, {"Session": [], **_SIGNED}]
    return [] if method == "get" else [{"Timestamp": [], "Nonce": []}]


def _extensions(operation: Operation) -> dict[str, Any]:
    who: dict[str, Any] = {"x-public": True} if operation.public else {"x-permission": operation.permission}
    audited = {"x-audit": operation.audit} if operation.audit else {}
    return who | {"x-sealed": operation.sealed} | audited | stream_extensions(operation)


def _path_parameters(rule: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, **_PATH_PARAMETERS[kind]}
        for kind, name in _PARAMETER.findall(rule)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    required = schema.get("required", ())
    return [_query_parameter(name, dict(field), name in required) for name, field in schema["properties"].items()]


def _query_parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    description = schema.pop("description", None)
    schema.pop("title", None)
    if "anyOf" in schema:
        # `None` stands for a parameter that is absent; there is no way to write null in a query.
        options = [option for option in schema.pop("anyOf") if option != {"type": "null"}]
        schema = options[0] | {key: value for key, value in schema.items() if value is not None}
    return {
        "name": name,
        "in": "query",
        "required": required,
        **({"description": description} if description else {}),
        "schema": schema,
    }


def _header_parameters(method: str, operation: Operation) -> list[dict[str, Any]]:
    names = ["Idempotency-Key"] if operation.idempotent else []
    names += ["If-Match"] if operation.conditional else []
    names += ["If-None-Match"] if operation.versioned and method == "get" else []
    parameters = [digest_parameter()] if uploads(method, operation) else []
    parameters += download_parameters() if downloads(method, operation) else []
    for name in names:
        schema = dict(_HEADERS[name])
        description = schema.pop("description")
        parameters.append(
            {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
        )
    return parameters


def _request_body(model: type[BaseModel]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    if examples := model.model_json_schema().get("examples"):
        content["examples"] = {f"example{number}": {"value": value} for number, value in enumerate(examples, start=1)}
    return {"required": True, "content": {"application/json": content}}
