"""What is asked for by mail, and what comes back from one."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from signet_common.web.schemas import BodyModel
from signet_identity.adapters.inbound.fields import Login, NewPassword
from signet_identity.domain.single_use_tokens import TOKEN_PATTERN

_EXAMPLE = "c29tZSA0MyBjaGFyYWN0ZXJzIG9mIGEgbWFpbCwgb2s"

MailedToken = Annotated[
    str, StringConstraints(pattern=TOKEN_PATTERN), Field(description="As it stands in the mail; it works once.")
]


class PasswordResetBody(BodyModel):
    """Whose password was forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"login": "ada@example.org"}]})

    login: Annotated[Login, Field(description="User name, e-mail address or phone number.")]


class PasswordResetCompletion(BodyModel):
    """The token of the mail, and the new password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": _EXAMPLE, "new_password": "staple of another stable"}]}
    )

    token: MailedToken
    new_password: Annotated[
        NewPassword,
        Field(description="Any characters; not the user name, the name in the e-mail address or a common password."),
    ]


class EmailConfirmationBody(BodyModel):
    """The token of the mail."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": _EXAMPLE}]})

    token: MailedToken
