"""The roles of one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select

from signet_identity.adapters.outbound.rows import permissions_by_role, role_of, roles_and_rights
from signet_identity.adapters.outbound.tables import ROLE_PERMISSIONS, ROLES
from signet_identity.domain.permissions import Rights
from signet_identity.domain.roles import ADMINISTRATOR, Role, RoleSeed


class SqlRoles:
    """Fulfils the port `Roles`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

    def seed(self, seeds: Mapping[str, RoleSeed], *, at: datetime) -> list[Role]:
        """Insert the roles that are missing and return those."""
        missing = sorted(seeds.keys() - self.named(seeds.keys()).keys())
        for role_name in missing:
            self._insert(role_name, seeds[role_name], at)
        return list(self.named(missing).values())

    def _insert(self, role_name: str, seed: RoleSeed, at: datetime) -> None:
        row = {
            "role_name": role_name,
            "description": seed.description,
            "version": 1,
            "created_at": at,
            "updated_at": at,
        }
        role_id = self._connection.execute(insert(ROLES), row).inserted_primary_key[0]  # type: ignore[index]
        permissions = [
            {"role_id": role_id, "permission": permission.name, "scope": permission.scope.value}
            for permission in seed.permissions
        ]
        self._connection.execute(insert(ROLE_PERMISSIONS), permissions)
