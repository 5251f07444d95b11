"""Roles: named bundles of permissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signet.api.preconditions import if_version
from signet.connection import Connection
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/roles"


@dataclass(frozen=True, slots=True)
class Permission:
    """What a role may do: `name` is `resource:operation`, `scope` is `own` or `any`."""

    name: str
    scope: str


@dataclass(frozen=True, slots=True)
class Role:
    """One role."""

    role_id: int
    role_name: str
    description: str = ""
    permissions: tuple[Permission, ...] = ()
    version: int | None = None


class Roles:
    """`/api/v1/roles`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, page: int = 1, per_page: int = 20) -> Page[Role]:
        """Read one page."""
        answer = self._connection.request("GET", _PATH, query={"page": page, "per_page": per_page})
        return decode_page(Role, "roles", answer.data)

    def get(self, role_id: int) -> Role:
        """Read one. Raises NotFound."""
        return decode(Role, self._connection.request("GET", f"{_PATH}/{role_id}").data)

    def create(self, role_name: str, permissions: Sequence[Permission] = (), *, description: str | None = None) -> Role:
        """Create one that holds no more than the caller does. Raises ValueDuplicate, Forbidden."""
        body = _given(role_name, permissions, description)
        return decode(Role, self._connection.request("POST", _PATH, body=body).data)

    def update(
        self,
        role_id: int,
        *,
        permissions: Sequence[Permission] | None = None,
        description: str | None = None,
        if_match: int | None = None,
    ) -> Role:
        """Change what is given; `permissions` takes the place of all that the role had, and the name stays.

        Raises NotFound, Forbidden, VersionConflict.
        """
        body = _given(None, permissions, description)
        answer = self._connection.request("PATCH", f"{_PATH}/{role_id}", body=body, headers=if_version(if_match))
        return decode(Role, answer.data)

    def delete(self, role_id: int, *, if_match: int | None = None) -> None:
        """Remove one. Raises NotFound, Forbidden, VersionConflict."""
        self._connection.request("DELETE", f"{_PATH}/{role_id}", headers=if_version(if_match))


def _given(
    role_name: str | None, permissions: Sequence[Permission] | None, description: str | None
) -> Mapping[str, object]:
    listed = None
    if permissions is not None:
        listed = [{"permission": held.name, "scope": held.scope} for held in permissions]
    fields = {"role_name": role_name, "permissions": listed, "description": description}
    return {name: value for name, value in fields.items() if value is not None}
