"""What identity reads and answers, as pydantic models; the published contract is made from them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from signet_common.web.schemas import (
    BodyModel,
    ChangeModel,
    DateRangeQuery,
    ViewModel,
)
from signet_identity.adapters.inbound.fields import (
    DisplayName,
    Email,
    Login,
    NamePart,
    NewPassword,
    OldPassword,
    Phone,
    RoleNames,
    StateName,
    UserName,
)
from signet_identity.domain.passwords import MAXIMUM_CHARACTERS
from signet_identity.domain.users import State


class SignInBody(BodyModel):
    """Who signs in, and the proof."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"login": "admin", "password": "correct horse battery staple"}]}
    )

    login: Annotated[Login, Field(description="User name, e-mail address or phone number.")]
    password: Annotated[str, StringConstraints(min_length=1, max_length=MAXIMUM_CHARACTERS)]


class UserBody(BodyModel):
    """A new user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_name": "ada", "password": "analytical engine", "email": "ada@example.org", "roles": ["user"]}
            ]
        }
    )

    user_name: Annotated[UserName, Field(description="No `@`, no leading `+`, not digits only.")]
    password: Annotated[
        NewPassword | None,
        Field(
            description="Any characters; not the user name, the name in the e-mail address or a common password. "
            "Absent: no sign-in, API keys only.",
        ),
    ] = None
    email: Email | None = None
    phone: Phone | None = None
    display_name: DisplayName | None = None
    roles: Annotated[RoleNames, Field(default_factory=list)]


class UserPatch(ChangeModel):
    """What shall change of a user. What is absent stays; a contact that is null is cleared."""

    examples = ({"user_state": "inactive"}, {"roles": ["auditor", "user"]})

    email: Email | None = None
    phone: Phone | None = None
    display_name: DisplayName | None = None
    user_state: Annotated[StateName | None, Field(description="Null: stays.")] = None
    roles: Annotated[RoleNames | None, Field(description="All roles from now on. Null: stay.")] = None


class MePatch(ChangeModel):
    """What shall change of the own account. What is absent stays; what is null is cleared."""

    examples = ({"display_name": "Ada Lovelace"}, {"email": "ada@example.org", "old_password": "correct horse battery"})

    email: Annotated[Email | None, Field(description="Waits as `pending_email` until it is confirmed.")] = None
    phone: Phone | None = None
    display_name: DisplayName | None = None
    old_password: Annotated[
        OldPassword | None, Field(description="Goes with another e-mail address or phone number; changes nothing.")
    ] = None


class PasswordBody(BodyModel):
    """Another password, and the proof that the account is one's own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"old_password": "correct horse battery", "new_password": "staple of another stable"}]
        }
    )

    old_password: OldPassword
    new_password: Annotated[
        NewPassword,
        Field(description="Any characters; not the user name, the name in the e-mail address or a common password."),
    ]


class UsersQuery(DateRangeQuery):
    """Which users."""

    user_name: Annotated[NamePart | None, Field(description="Contained in the name.")] = None
    user_state: Annotated[StateName | None, Field(description="Only users in this state.")] = None


class UserView(ViewModel):
    """A user."""

    user_id: int
    user_name: str
    email: str | None
    phone: str | None
    display_name: str | None
    user_state: State
    roles: tuple[str, ...]
    email_confirmed_at: datetime | None
    pending_email: str | None
    password_changed_at: datetime | None
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None


class SessionView(ViewModel):
    """A new session: the token names it, the secret signs under it; neither is shown again."""

    session_id: int
    user_id: int
    token: str
    secret: str
    expires_at: datetime


class GrantBody(BodyModel):
    """Which credential the gateway asks about. Bounded, whatever a client put into the header."""

    kind: Literal["api_key", "token"]
    credential: Annotated[str, StringConstraints(max_length=512)]


class GrantView(ViewModel):
    """Whom a credential speaks for, and what signs under it around now."""

    credential_id: str
    user_id: int
    user_name: str
    user_state: State
    credential_state: State
    roles: tuple[str, ...]
    permissions: dict[str, str]
    expires_at: datetime | None
    keys: dict[str, str]
