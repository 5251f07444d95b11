"""The schemas of `GET /api/v1/keys`, for the gateway's own contract."""

from typing import Any

from signet_protocol.return_codes import ReturnCode

_REFUSED = ReturnCode.DATA_PARAM_ERROR
_LIMITED = ReturnCode.RATE_LIMITED
_THUMBPRINT = {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "description": "The RFC 7638 thumbprint."}

KEYS_EXAMPLE: dict[str, Any] = {"return_code": 200, "return_msg": "", "data": {"keys": [], "announcements": []}}
REFUSAL_EXAMPLE: dict[str, Any] = {"return_code": _REFUSED.value, "return_msg": _REFUSED.message, "data": None}
LIMITED_EXAMPLE: dict[str, Any] = {"return_code": _LIMITED.value, "return_msg": _LIMITED.message, "data": None}


def key_schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    return {
        "SealingKey": _closed(
            {
                "kty": {"type": "string", "const": "RSA"},
                "n": {"type": "string", "description": "The modulus, base64url."},
                "e": {"type": "string", "description": "The exponent, base64url."},
                "use": {"type": "string", "const": "enc"},
                "alg": {"type": "string", "const": "RSA-OAEP-256"},
                "kid": _THUMBPRINT,
            }
        ),
        "SealingKeys": _closed(
            {
                "keys": {"type": "array", "items": {"$ref": "#/components/schemas/SealingKey"}},
                "announcements": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Compact JWS (PS256): a key of the gateway says that another one is, too.",
                },
            }
        ),
        "SealingKeysAnswer": _envelope({"const": 200}, {"$ref": "#/components/schemas/SealingKeys"}),
        "Refusal": _envelope({"minimum": 400000, "maximum": 599999}, {"type": ["object", "null"]}),
    }


def _envelope(code: dict[str, int], data: dict[str, Any]) -> dict[str, Any]:
    return _closed({"return_code": {"type": "integer", **code}, "return_msg": {"type": "string"}, "data": data})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
