"""Create, change and delete roles.

A role is a way to hand out permissions, today's holders and tomorrow's. So nobody makes a role out of permissions they
lack, adds one to it, or touches a role that holds more than they do. Changes of who may do what wait for each other.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from signet_common.passport import Passport
from signet_identity.application.authority import require_cover
from signet_identity.application.changes import deleted_role, inserted_role, queried_role, updated_role
from signet_identity.application.keys_of_others import revoke_what_outgrows_its_maker
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.application.shown_again import role_again
from signet_identity.domain.errors import NotFound, RoleFixed, VersionConflict
from signet_identity.domain.permissions import Permission, Rights, check_known
from signet_identity.domain.roles import ADMINISTRATOR, SEEDED_ROLES, NewRole, Role, united


@dataclass(frozen=True, slots=True)
class RoleUpdate:
    """What shall change; None stays. A role keeps its name, which is how users hold it."""

    role_id: int
    description: str | None = None
    permissions: tuple[Permission, ...] | None = None
    expected: frozenset[int] | None = None


class ManageRoles:
    """The intentions about roles. `operations` are the permissions that the contracts ask for."""

    def __init__(self, unit_of_work: UnitOfWork, operations: Collection[str], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._operations = operations
        self._clock = clock

    def create(self, caller: Passport, new: NewRole) -> Role:
        """Create a role.

        Raises:
            FieldRefused: it names a permission that no contract asks for.
            Duplicate: the name is taken.
            PrivilegeExceeded: it holds a permission that the caller lacks.
        """
        check_known((permission.name for permission in new.permissions), self._operations)
        tidy, now = replace(new, permissions=united(new.permissions)), self._clock()

        def work(transaction: Transaction) -> Role:
            transaction.roles.lock_administration()
            require_cover(transaction, caller, Rights.of(tidy.permissions))
            role = transaction.roles.add(tidy, by=caller.user_id, at=now)
            transaction.record(inserted_role(role))
            return role

        return self._unit_of_work.execute(
            caller, work, Role, again=lambda transaction, role: role_again(transaction, caller, role)
        )

    def update(self, caller: Passport, update: RoleUpdate) -> Role:
        """Change a role for everybody who holds it; nothing is written where nothing changes.

        Raises:
            FieldRefused: it would name a permission that no contract asks for, and did not before.
            NotFound: there is none of that id.
            RoleFixed: it is the administrator's.
            PrivilegeExceeded: it holds, or would hold, a permission that the caller lacks.
            VersionConflict: it is at none of the `expected` versions.
        """

        def work(transaction: Transaction) -> Role:
            old = self._held_role(transaction, caller, update.role_id, update.expected)
            if old.role_name == ADMINISTRATOR:
                raise RoleFixed("the role administrator is what it is")
            new = self._changed(old, update)
            require_cover(transaction, caller, new.rights)
            if new == old:
                # The answer shows the role all the same, and what is shown is on record.
                transaction.record(queried_role(old))
                return old
            new = replace(new, version=old.version + 1, updated_at=self._clock(), updated_by=caller.user_id)
            transaction.roles.save(new)
            transaction.record(updated_role(old, new))
            if not old.rights.covers(new.rights):
                foreign = transaction.api_keys.made_by_others(role_name=new.role_name)
                revoke_what_outgrows_its_maker(transaction, foreign, by=caller.user_id, at=self._clock())
            return new

        return self._unit_of_work.execute(
            caller, work, Role, again=lambda transaction, role: role_again(transaction, caller, role)
        )

    def delete(self, caller: Passport, role_id: int, expected: frozenset[int] | None = None) -> None:
        """Delete a role that nobody holds.

        Raises:
            NotFound: there is none of that id.
            RoleFixed: it came with the installation.
            RoleInUse: somebody holds it.
            PrivilegeExceeded: it holds a permission that the caller lacks.
            VersionConflict: it is at none of the `expected` versions.
        """

        def work(transaction: Transaction) -> None:
            old = self._held_role(transaction, caller, role_id, expected)
            if old.role_name in SEEDED_ROLES:
                raise RoleFixed(f"the role {old.role_name} came with the installation")
            transaction.roles.delete(old)
            transaction.record(deleted_role(old))

        self._unit_of_work.execute(caller, work, type(None))

    def _held_role(
        self, transaction: Transaction, caller: Passport, role_id: int, expected: frozenset[int] | None
    ) -> Role:
        transaction.roles.lock_administration()
        role = transaction.roles.get(role_id)
        if role is None:
            raise NotFound(f"there is no role {role_id}")
        require_cover(transaction, caller, role.rights)
        if expected is not None and role.version not in expected:
            raise VersionConflict(f"role {role_id} is at version {role.version}")
        return role

    def _changed(self, old: Role, update: RoleUpdate) -> Role:
        description = old.description if update.description is None else update.description
        if update.permissions is None:
            return replace(old, description=description)
        permissions = united(update.permissions)
        # What a contract stopped asking for may stay, or a role could not be changed until it was taken out.
        added = {permission.name for permission in permissions} - {permission.name for permission in old.permissions}
        check_known(sorted(added), self._operations)
        return replace(old, description=description, permissions=permissions)
