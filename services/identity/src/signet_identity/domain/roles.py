"""Roles, and the four that every installation starts with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from signet_identity.domain.permissions import EVERYTHING, Permission, Rights, Scope

ADMINISTRATOR = "administrator"

OWN_ACCOUNT = (
    Permission("user:query", Scope.OWN),
    Permission("user:update", Scope.OWN),
    Permission("password:update", Scope.OWN),
    Permission("email_confirmation:create", Scope.OWN),
    Permission("session:query", Scope.OWN),
    Permission("session:delete", Scope.OWN),
    Permission("api_key:create", Scope.OWN),
    Permission("api_key:query", Scope.OWN),
    Permission("api_key:update", Scope.OWN),
    Permission("api_key:delete", Scope.OWN),
    Permission("access:query", Scope.OWN),
)


@dataclass(frozen=True, slots=True)
class Role:
    """A named bundle of permissions, each name once, in the order of names. Times are UTC."""

    role_id: int
    role_name: str
    description: str
    permissions: tuple[Permission, ...]
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None

    @property
    def rights(self) -> Rights:
        return Rights.of(self.permissions)


@dataclass(frozen=True, slots=True)
class NewRole:
    """What a role begins with."""

    role_name: str
    description: str
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, slots=True)
class RoleSeed:
    """A role that the first run creates."""

    description: str
    permissions: tuple[Permission, ...]


def united(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    """Each permission once, in its widest scope, in the order of names."""
    return tuple(Permission(name, scope) for name, scope in sorted(Rights.of(permissions).scopes.items()))


def _demo(scope: Scope) -> tuple[Permission, ...]:
    return tuple(Permission(f"demo:{operation}", scope) for operation in ("create", "query", "update", "delete"))


OWN_FILES = (
    *(Permission(f"file:{verb}", Scope.OWN) for verb in ("create", "query", "download", "update", "delete", "verify")),
    Permission("file_quota:query", Scope.OWN),
)
CARE_OF_FILES = (
    Permission("file:query", Scope.ANY),
    Permission("file:update", Scope.ANY),
    Permission("file:verify", Scope.ANY),
    Permission("file_quota:query", Scope.ANY),
    Permission("file_quota:update", Scope.ANY),
)
"""Everything about the files of others but what they hold, and their end, which cannot be undone."""

CARE_OF_JOBS = tuple(
    Permission(name, Scope.ANY)
    for name in (
        "job:query",
        "job:run",
        "run:query",
        "run:cancel",
        "run:retry",
        "schedule:create",
        "schedule:query",
        "schedule:update",
        "schedule:delete",
        "mail:create",
        "mail:query",
    )
)
"""Jobs belong to the platform, and so do their runs: nobody has them of their own."""

SEEDED_ROLES: Mapping[str, RoleSeed] = {
    ADMINISTRATOR: RoleSeed("Everything, everywhere", (Permission(EVERYTHING, Scope.ANY),)),
    "operator": RoleSeed(
        "Runs the resources of everybody and the jobs of the platform, reads no files but the own",
        united((*_demo(Scope.ANY), *OWN_ACCOUNT, *OWN_FILES, *CARE_OF_FILES, *CARE_OF_JOBS)),
    ),
    "auditor": RoleSeed(
        "Reads everything but what files hold, changes nothing but the own credentials",
        united(
            (
                *OWN_ACCOUNT,
                Permission("record:query", Scope.ANY),
                Permission("demo:query", Scope.ANY),
                Permission("role:query", Scope.ANY),
                Permission("user:query", Scope.ANY),
                Permission("api_key:query", Scope.ANY),
                Permission("access:query", Scope.ANY),
                Permission("file:query", Scope.ANY),
                Permission("file:verify", Scope.ANY),
                Permission("file_quota:query", Scope.ANY),
                Permission("file_key:query", Scope.ANY),
                *(held for held in CARE_OF_JOBS if held.name.endswith(":query")),
            )
        ),
    ),
    "user": RoleSeed("Works with the own resources", (*_demo(Scope.OWN), *OWN_ACCOUNT, *OWN_FILES)),
}
