"""The gateway's own contract: what it answers itself. `signet-gateway openapi` prints it."""

from typing import Any

from signet_gateway.application.contracts import OWN_SERVICE
from signet_gateway.application.key_schemas import KEYS_EXAMPLE, LIMITED_EXAMPLE, REFUSAL_EXAMPLE, key_schemas


def own_contract() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the gateway's own paths."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Signet gateway",
            "version": "1",
            "description": "What the gateway answers itself. Nothing here is signed.",
            "x-service": OWN_SERVICE,
        },
        "tags": [{"name": "gateway", "description": "Health and documents."}],
        "paths": {
            "/healthz": {"get": _healthz()},
            "/readyz": {"get": _readyz()},
            "/openapi.json": {"get": _openapi()},
            "/docs": {"get": _docs()},
            "/api/v1/keys": {"get": _keys()},
        },
        "components": {"schemas": {"Health": _health_schema(), "Readiness": _readiness_schema(), **key_schemas()}},
    }


def _healthz() -> dict[str, Any]:
    return _operation("healthz", "Say that the gateway is alive") | {
        "responses": {"200": _json("The process answers.", "Health", {"status": "alive"})}
    }


def _readyz() -> dict[str, Any]:
    ready = {"status": "ready", "checks": {"nonces": {"status": "ok"}, "identity": {"status": "ok"}}}
    failed = {"status": "failed", "checks": {"identity": {"status": "failed", "detail": "does not answer"}}}
    return _operation("readyz", "Say whether the platform is ready, and name what is not") | {
        "responses": {
            "200": _json("Every part answers; `degraded` names what lags behind.", "Readiness", ready),
            "503": _json("A part has failed.", "Readiness", failed),
        }
    }


def _openapi() -> dict[str, Any]:
    return _operation("openapi", "Describe every operation of the platform") | {
        "responses": {
            "200": {
                "description": "The contracts of all services, merged: OpenAPI 3.1.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **_limited(),
        }
    }


def _docs() -> dict[str, Any]:
    return _operation("docs", "Show the operations to people") | {
        "responses": {
            "200": {
                "description": "Swagger UI over /openapi.json.",
                "content": {"text/html": {"schema": {"type": "string"}}},
            },
            **_limited(),
        }
    }


def _keys() -> dict[str, Any]:
    return _operation("listSealingKeys", "Show the keys that bodies are sealed to") | {
        "description": "A JWK set (RFC 7517), the active key first. A client pins thumbprints (`kid`, RFC 7638) and "
        "takes a new key only when `announcements` lead to it from a pinned one.",
        "x-sealed": "never",
        "responses": {
            "200": _json("The keys; none where the deployment seals nothing.", "SealingKeysAnswer", KEYS_EXAMPLE),
            "400": _json("Bad Request: 400001 ParamError, 400002 DataParamError", "Refusal", REFUSAL_EXAMPLE),
            **_limited(),
        },
    }


def _limited() -> dict[str, Any]:
    return {"429": _json("Too Many Requests: 429001 RateLimited", "Refusal", LIMITED_EXAMPLE)}


def _operation(operation_id: str, summary: str) -> dict[str, Any]:
    return {"operationId": operation_id, "summary": summary, "tags": ["gateway"], "security": [], "x-public": True}


def _json(description: str, schema: str, example: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    return {"description": description, "content": {"application/json": content}}


def _health_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string", "const": "alive"}},
    }


def _readiness_schema() -> dict[str, Any]:
    check = {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"type": "string", "enum": ["ok", "degraded", "failed"]},
            "detail": {"type": "string"},
        },
    }
    return {
        "type": "object",
        "required": ["status", "checks"],
        "properties": {
            "status": {"type": "string", "enum": ["ready", "degraded", "failed"]},
            "checks": {"type": "object", "additionalProperties": check},
        },
    }
