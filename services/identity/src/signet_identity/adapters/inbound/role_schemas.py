"""Roles, and explanations of what they allow, on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from signet_common.web.schemas import BodyModel, ChangeModel, MaxBytes, QueryId, QueryModel, ViewModel
from signet_identity.adapters.inbound.fields import PermissionName

ROLE_DESCRIPTION_BYTES = 255
MAX_PERMISSIONS = 1_000

NewRoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
RoleDescription = Annotated[str, MaxBytes(ROLE_DESCRIPTION_BYTES)]
ScopeName = Literal["own", "any"]


class PermissionBody(BodyModel):
    """One permission, and where it holds."""

    permission: PermissionName
    scope: ScopeName


Permissions = Annotated[list[PermissionBody], Field(max_length=MAX_PERMISSIONS)]


class RoleBody(BodyModel):
    """A new role."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "role_name": "importer",
                    "description": "Brings demos in",
                    "permissions": [{"permission": "demo:create", "scope": "own"}],
                }
            ]
        }
    )

    role_name: Annotated[NewRoleName, Field(description="How users hold it; it stays.")]
    description: RoleDescription = ""
    permissions: Annotated[Permissions, Field(default_factory=list)]


class RolePatch(ChangeModel):
    """What shall change of a role. What is absent stays."""

    examples = ({"description": "Reads demos"}, {"permissions": [{"permission": "demo:query", "scope": "any"}]})

    description: Annotated[RoleDescription | None, Field(description="Null: stays.")] = None
    permissions: Annotated[Permissions | None, Field(description="All of them from now on. Null: stay.")] = None


class PermissionView(ViewModel):
    """What a role permits, and where."""

    name: str
    scope: ScopeName


class RoleView(ViewModel):
    """A role."""

    role_id: int
    role_name: str
    description: str
    permissions: tuple[PermissionView, ...]
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None


class AccessQuery(QueryModel):
    """What to explain."""

    permission: Annotated[PermissionName, Field(description="resource:operation", examples=["demo:create"])]
    user_id: Annotated[QueryId | None, Field(description="Whose access; absent: the caller's.")] = None
    api_key_id: Annotated[
        QueryId | None, Field(description="Signing with this key of theirs; absent: as the caller signs, or a session.")
    ] = None


class StepView(ViewModel):
    """One rule, and what it says."""

    rule: Literal["operation", "user_state", "role", "union", "credential", "limit", "decision"]
    outcome: Literal["passes", "refuses", "allows", "silent"]
    detail: str


class ExplanationView(ViewModel):
    """Whether a permission is held, and each step on the way to the answer."""

    permission: str
    user_id: int
    allowed: bool
    scope: Annotated[ScopeName | None, Field(description="Null where it is denied.")]
    steps: tuple[StepView, ...]
