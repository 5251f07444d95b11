"""The declaration of the commands that identity sends."""

from collections.abc import Mapping
from typing import Any

from signet_common.messaging.asyncapi_commands import CommandType
from signet_identity import SERVICE
from signet_identity.application.mail import API_KEY_EXPIRING, EMAIL_CHANGED, MAIL
from signet_identity.domain.single_use_tokens import TOKEN_PATTERN, Purpose

_TEXT = {"type": "string"}
_TIME = {**_TEXT, "format": "date-time"}
_TOKEN = {**_TEXT, "pattern": TOKEN_PATTERN, "description": "Works once, until expires_at."}


_KEY = {"api_key_name": _TEXT, "expires_at": _TIME}


def _object(optional: Mapping[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**properties, **(optional or {})}, "required": list(properties)}


def _mail(summary: str, templates: list[str], values: Mapping[str, Any]) -> dict[str, Any]:
    to = {**_TEXT, "description": "The address, as its owner wrote it."}
    return {"title": summary, **_object(to=to, template={"enum": templates}, values=values)}


COMMANDS = (
    CommandType(
        SERVICE,
        MAIL,
        {
            "oneOf": [
                _mail(
                    "A token for whoever reads the mailbox",
                    [purpose.value for purpose in Purpose],
                    _object(user_name=_TEXT, token=_TOKEN, expires_at=_TIME),
                ),
                _mail("For the address that an account leaves", [EMAIL_CHANGED], _object(user_name=_TEXT)),
                _mail(
                    "API keys that end soon, the first one first",
                    [API_KEY_EXPIRING],
                    _object({"others": {"type": "array", "items": _object(**_KEY)}}, user_name=_TEXT, **_KEY),
                ),
            ]
        },
        "Send this mail.",
    ),
)
