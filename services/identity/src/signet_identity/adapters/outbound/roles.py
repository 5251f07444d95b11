"""The roles of one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from signet_identity.adapters.outbound.rows import permissions_by_role, role_of, roles_and_rights
from signet_identity.adapters.outbound.tables import ROLE_PERMISSIONS, ROLES, USER_ROLES
from signet_identity.domain.errors import Duplicate, RoleInUse, VersionConflict
from signet_identity.domain.permissions import Permission, Rights
from signet_identity.domain.roles import ADMINISTRATOR, NewRole, Role, RoleSeed


class SqlRoles:
    """Fulfils the port `Roles`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, role_id: int) -> Role | None:
        """Return the role with what it permits."""
        row = self._connection.execute(select(ROLES).where(ROLES.c.role_id == role_id)).first()
        return role_of(row, permissions_by_role(self._connection)) if row else None

    def named(self, names: Collection[str]) -> Mapping[str, Role]:
        """Return those of the names that exist."""
        if not names:
            return {}
        permissions = permissions_by_role(self._connection)
        found = self._connection.execute(select(ROLES).where(ROLES.c.role_name.in_(names)))
        return {row.role_name: role_of(row, permissions) for row in found}

    def rights_of(self, user_id: int) -> Rights:
        """Return everything that a user may do."""
        return roles_and_rights(self._connection, user_id)[1]

    def lock_administration(self) -> None:
        """Lock the administrator's role: whoever changes who has it waits here. SQLite has one writer anyway."""
        administrator = select(ROLES.c.role_id).where(ROLES.c.role_name == ADMINISTRATOR)
        self._connection.execute(administrator.with_for_update()).first()

    def add(self, new: NewRole, *, by: int | None, at: datetime) -> Role:
        """Insert a role with what it permits."""
        values = {
            "role_name": new.role_name,
            "description": new.description,
            "version": 1,
            "created_at": at,
            "created_by": by,
            "updated_at": at,
            "updated_by": by,
        }
        if self.named([new.role_name]):
            raise Duplicate("role_name")
        try:
            role_id: int = self._connection.execute(insert(ROLES), values).inserted_primary_key[0]  # type: ignore[index]
        except IntegrityError as failed:
            raise Duplicate("role_name") from failed
        self._permit(role_id, new.permissions)
        added = self.get(role_id)
        if added is None:
            raise VersionConflict
        return added

    def save(self, role: Role) -> None:
        """Write description and permissions over the version before."""
        before = (ROLES.c.role_id == role.role_id, ROLES.c.version == role.version - 1)
        values = {
            "description": role.description,
            "version": role.version,
            "updated_at": role.updated_at,
            "updated_by": role.updated_by,
        }
        if self._connection.execute(update(ROLES).where(*before).values(values)).rowcount != 1:
            raise VersionConflict
        self._connection.execute(delete(ROLE_PERMISSIONS).where(ROLE_PERMISSIONS.c.role_id == role.role_id))
        self._permit(role.role_id, role.permissions)

    def delete(self, role: Role) -> None:
        """Remove a role that nobody holds; the foreign key behind this decides what two transactions race for."""
        holder = select(USER_ROLES.c.user_id).where(USER_ROLES.c.role_id == role.role_id).limit(1)
        if self._connection.execute(holder).first():
            raise RoleInUse(f"somebody holds the role {role.role_name}: take it from them first")
        seen = (ROLES.c.role_id == role.role_id, ROLES.c.version == role.version)
        self._connection.execute(delete(ROLE_PERMISSIONS).where(ROLE_PERMISSIONS.c.role_id == role.role_id))
        try:
            if self._connection.execute(delete(ROLES).where(*seen)).rowcount != 1:
                raise VersionConflict
        except IntegrityError as failed:
            raise RoleInUse(f"somebody was just given the role {role.role_name}") from failed

    def seed(self, seeds: Mapping[str, RoleSeed], *, at: datetime) -> list[Role]:
        """Insert the roles that are missing and return those."""
        missing = sorted(seeds.keys() - self.named(seeds.keys()).keys())
        return [
            self.add(NewRole(name, seeds[name].description, seeds[name].permissions), by=None, at=at)
            for name in missing
        ]

    def _permit(self, role_id: int, permissions: Collection[Permission]) -> None:
        rows = [
            {"role_id": role_id, "permission": permission.name, "scope": permission.scope.value}
            for permission in permissions
        ]
        if rows:
            self._connection.execute(insert(ROLE_PERMISSIONS), rows)
