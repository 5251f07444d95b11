"""Who may do what to whose account, beyond what the permission of the operation says.

Two rules keep rights from growing on their way down: nobody hands out a permission they lack, and nobody manages the
account of someone holding a permission they lack, which would be the same with a detour.
"""

from collections.abc import Collection

from signet_common.passport import Passport
from signet_identity.application.ports import Transaction
from signet_identity.application.reach import reaches
from signet_identity.domain.errors import FieldRefused, LastAdministrator, NotFound, PrivilegeExceeded
from signet_identity.domain.permissions import Rights
from signet_identity.domain.users import User


def user_id_of(caller: Passport) -> int:
    """Return the id of a caller who is somebody.

    Raises:
        NotFound: the passport speaks for nobody, so nothing is theirs.
    """
    if caller.user_id is None:
        raise NotFound
    return caller.user_id


def user_in_reach(transaction: Transaction, caller: Passport, user_id: int) -> User:
    """Return a user that the caller's scope includes and whose account the caller may manage.

    Raises:
        NotFound: there is none, or it is out of scope.
        PrivilegeExceeded: the user may do something that the caller may not.
    """
    user = transaction.users.get(user_id) if reaches(caller, user_id) else None
    if user is None:
        raise NotFound(f"there is no user {user_id}")
    if user_id != caller.user_id:
        require_cover(transaction, caller, transaction.roles.rights_of(user_id))
    return user


def keep_an_administrator(transaction: Transaction, old: User, new: User | None) -> None:
    """Check that somebody who may do everything is left when `old` becomes `new`, or goes (None).

    Holds against others only after `lock_administration`.

    Raises:
        LastAdministrator: nobody would be left.
    """
    loses_one = old.is_active_administrator and not (new and new.is_active_administrator)
    if loses_one and transaction.users.count_active_administrators() <= 1:
        raise LastAdministrator("this is the last active administrator")


def rights_of_roles(transaction: Transaction, names: Collection[str]) -> Rights:
    """Return the united rights of roles.

    Raises:
        FieldRefused: one of the names is no role.
    """
    roles = transaction.roles.named(names)
    for name in names:
        if name not in roles:
            raise FieldRefused("roles", f"there is no role {name!r}")
    return Rights.of(permission for role in roles.values() for permission in role.permissions)


def require_cover(transaction: Transaction, caller: Passport, rights: Rights) -> None:
    """Check that the caller, by the database and not by the passport, lacks nothing of `rights`.

    Raises:
        PrivilegeExceeded: the caller lacks something.
    """
    if not transaction.roles.rights_of(user_id_of(caller)).covers(rights):
        raise PrivilegeExceeded("this takes a permission that you do not hold yourself")
