"""The answers of one operation of a contract: its successes, and every return code that it may give instead."""

from collections import defaultdict
from http import HTTPStatus
from typing import Any

from signet_common.web.contract_streams import download_answers, downloads, stream_errors
from signet_common.web.operations import Operation
from signet_protocol.return_codes import ReturnCode

_EVERYWHERE = (
    ReturnCode.PARAM_ERROR,
    ReturnCode.DATA_PARAM_ERROR,
    ReturnCode.TIMESTAMP_REQUIRED,
    ReturnCode.NONCE_REQUIRED,
    ReturnCode.SIGN_EXPIRED,
    ReturnCode.NONCE_REUSED,
    ReturnCode.BODY_TOO_LARGE,
    ReturnCode.MEDIA_TYPE_UNSUPPORTED,
    ReturnCode.RATE_LIMITED,
    ReturnCode.INTERNAL_ERROR,
    ReturnCode.UPSTREAM_UNAVAILABLE,
    ReturnCode.UPSTREAM_TIMEOUT,
)
_WHEN_SIGNED = (
    ReturnCode.AUTH_PARAMS_REQUIRED,
    ReturnCode.API_KEY_REQUIRED,
    ReturnCode.TOKEN_REQUIRED,
    ReturnCode.SIGN_REQUIRED,
    ReturnCode.SIGN_INVALID,
    ReturnCode.TOKEN_INVALID,
    ReturnCode.USER_INACTIVE,
    ReturnCode.USER_API_INACTIVE,
)


def successes(method: str, operation: Operation) -> dict[str, Any]:
    """Every answer that is a success: a download has any bytes, everything else an envelope."""
    if downloads(method, operation):
        return download_answers()
    return {"200": _success(operation)}


def _success(operation: Operation) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {
            "return_code": {"type": "integer", "const": ReturnCode.SUCCESS.value},
            "return_msg": {"type": "string"},
            "data": _data_schema(operation),
        },
        "required": ["return_code", "return_msg", "data"],
        "additionalProperties": False,
    }
    answer: dict[str, Any] = {"description": "Success.", "content": {"application/json": {"schema": schema}}}
    if operation.versioned:
        answer["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The version of the object."}}
    if operation.links:
        answer["links"] = {
            link.name: {"operationId": link.operation_id, "parameters": dict(link.parameters)}
            for link in operation.links
        }
    return answer


def _data_schema(operation: Operation) -> dict[str, Any]:
    if operation.view is None:
        return {"type": "null"}
    one = {"$ref": f"#/components/schemas/{operation.view.__name__}"}
    if operation.plural is None:
        return one
    return {
        "type": "object",
        "properties": {
            operation.plural: {"type": "array", "items": one},
            "page": {"type": "integer"},
            "per_page": {"type": "integer"},
            "has_more": {"type": "boolean"},
            "total": {"type": "integer", "description": "Only with `count=true`."},
        },
        "required": [operation.plural, "page", "per_page", "has_more"],
        "additionalProperties": False,
    }


def errors(method: str, operation: Operation) -> dict[str, Any]:
    """Every error, by status; the codes that share one are its examples."""
    by_status: dict[int, list[ReturnCode]] = defaultdict(list)
    for code in sorted(
        {*_EVERYWHERE, *_own_errors(method, operation), *stream_errors(method, operation), *operation.errors}
    ):
        by_status[code.http_status].append(code)
    return {str(status): _error(status, codes) for status, codes in by_status.items()}


def _forbidden(method: str, permission: str) -> ReturnCode:
    """What the gateway answers who lacks the permission."""
    if permission.endswith(":create"):
        return ReturnCode.RESOURCE_CREATE_FORBIDDEN
    return ReturnCode.RESOURCE_ACCESS_FORBIDDEN if method == "get" else ReturnCode.RESOURCE_WRITE_FORBIDDEN


def _own_errors(method: str, operation: Operation) -> list[ReturnCode]:
    codes = []
    if operation.permission:
        codes += [*_WHEN_SIGNED, _forbidden(method, operation.permission)]
    if operation.sealed != "never":
        codes.append(ReturnCode.SEAL_INVALID)
    if operation.sealed == "required":
        codes.append(ReturnCode.SEAL_REQUIRED)
    if operation.idempotent:
        # What the first answer tells of may be gone when it is asked for again.
        codes += [ReturnCode.IDEMPOTENCY_CONFLICT, ReturnCode.RESOURCE_NOT_FOUND]
    if operation.conditional:
        codes.append(ReturnCode.VERSION_CONFLICT)
    return codes


def _error(status: int, codes: list[ReturnCode]) -> dict[str, Any]:
    examples = {
        code.title: {"value": {"return_code": code.value, "return_msg": code.message, "data": None}} for code in codes
    }
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'{code.value} {code.title}' for code in codes)}",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "examples": examples}},
    }
