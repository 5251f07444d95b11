"""The declaration of the commands that identity sends."""

from typing import Any

from signet_common.messaging.asyncapi_commands import CommandType
from signet_identity import SERVICE
from signet_identity.application.mail import MAIL
from signet_identity.domain.single_use_tokens import TOKEN_PATTERN, Purpose

_TEXT = {"type": "string"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


COMMANDS = (
    CommandType(
        SERVICE,
        MAIL,
        _object(
            to={**_TEXT, "description": "The address, as its owner wrote it."},
            template={"enum": [purpose.value for purpose in Purpose]},
            values=_object(
                user_name=_TEXT,
                token={**_TEXT, "pattern": TOKEN_PATTERN, "description": "Works once, until expires_at."},
                expires_at={**_TEXT, "format": "date-time"},
            ),
        ),
        "Send this mail.",
    ),
)
