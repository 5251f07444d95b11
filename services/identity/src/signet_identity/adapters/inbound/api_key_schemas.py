"""API keys on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from signet_common.web.schemas import BodyId, BodyModel, ChangeModel, MaxBytes, PagedQuery, QueryId, ViewModel
from signet_identity.adapters.inbound.fields import Description, Instant, PermissionName
from signet_identity.domain.users import State

KEY_NAME_BYTES = 64
MAX_PERMISSIONS = 256

KeyName = Annotated[str, StringConstraints(min_length=1), MaxBytes(KEY_NAME_BYTES)]
Limit = Annotated[list[PermissionName], Field(max_length=MAX_PERMISSIONS)]

_LIMITED_TO = "What it is limited to, within the user's rights of the moment; null: all of them."
_ENDS = "When it ends, with a zone; null: never."


class ApiKeyBody(BodyModel):
    """A new API key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"key_name": "nightly import", "permissions": ["demo:create", "demo:query"]},
                {"key_name": "laptop", "expires_at": "2999-12-31T00:00:00Z"},
            ]
        }
    )

    user_id: Annotated[BodyId, Field(description="For whom; absent: the caller.")] | None = None
    key_name: Annotated[KeyName | None, Field(description="Once per user; absent: as the key itself.")] = None
    description: Description | None = None
    permissions: Annotated[Limit | None, Field(description=_LIMITED_TO)] = None
    expires_at: Annotated[Instant | None, Field(description=_ENDS)] = None


class ApiKeyPatch(ChangeModel):
    """What shall change of a key. What is absent stays."""

    examples = ({"key_name": "old laptop", "expires_at": "2999-12-31T00:00:00Z"}, {"permissions": ["demo:query"]})

    key_name: Annotated[KeyName | None, Field(description="Null: stays.")] = None
    description: Annotated[Description | None, Field(description="Null: none.")] = None
    permissions: Annotated[Limit | None, Field(description=_LIMITED_TO)] = None
    expires_at: Annotated[Instant | None, Field(description=_ENDS)] = None


class ApiKeysQuery(PagedQuery):
    """Which API keys."""

    user_id: Annotated[QueryId | None, Field(description="Only keys of this user.")] = None


class ApiKeyView(ViewModel):
    """An API key; its secret is shown at creation alone."""

    api_key_id: int
    user_id: int
    api_key: str
    key_name: str
    description: str | None
    permissions: Annotated[tuple[str, ...] | None, Field(description=_LIMITED_TO)]
    api_key_state: State
    expires_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="When it was used last, to the minute; null: never.")]
    version: int
    created_at: datetime
    created_by: int | None


class NewApiKeyView(ApiKeyView):
    """An API key with its secret, which nobody will see again."""

    secret: str
