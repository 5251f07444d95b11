"""Who may do what to whose account, beyond what the permission of the operation says.

Two rules keep rights from growing on their way down: nobody hands out a permission they lack, and nobody manages the
account of someone holding a permission they lack, which would be the same with a detour.

"They" is not the user but the credential that signed: an API key that is limited to a few permissions has those and no
more, and its own user's account is then one that holds more. Otherwise a stolen key could change the address that a new
password is mailed to, or make itself a key without limits.
"""

from collections.abc import Collection

from signet_common.passport import Passport
from signet_identity.application.ports import Transaction
from signet_identity.application.reach import reaches
from signet_identity.domain.credentials import ApiKey, api_key_id_of, session_id_of
from signet_identity.domain.errors import FieldRefused, LastAdministrator, NotFound, PrivilegeExceeded
from signet_identity.domain.permissions import Rights
from signet_identity.domain.users import State, User


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
    require_cover(transaction, caller, transaction.roles.rights_of(user_id))
    return user


def api_key_in_reach(transaction: Transaction, caller: Passport, api_key_id: int) -> ApiKey:
    """Return an active key that the caller's scope includes, and that is limited to no more than the caller's own.

    Raises:
        NotFound: there is none, or it is out of scope.
        PrivilegeExceeded: its user, or on one's own account the key, may do something that the caller may not.
    """
    api_key = transaction.api_keys.get(api_key_id)
    if api_key is None or api_key.api_key_state is State.INACTIVE or not reaches(caller, api_key.user_id):
        raise NotFound(f"there is no active API key {api_key_id}")
    require_key_within(transaction, caller, api_key.user_id, api_key.limit)
    return api_key


def require_key_within(transaction: Transaction, caller: Passport, user_id: int, limit: Rights | None) -> None:
    """Check that a key of that limit may be in the caller's hand.

    Limits are compared with limits, not with the rights of the moment: a role that the user gets tomorrow must not give
    a key more than the one which made it.

    Raises:
        NotFound, PrivilegeExceeded: as `user_in_reach`; on the own account, the key would go beyond the caller's.
    """
    if user_id != user_id_of(caller):
        user_in_reach(transaction, caller, user_id)
    own = credential_limit(transaction, caller)
    if own is not None and (limit is None or not own.covers(limit)):
        raise PrivilegeExceeded("the key that signed this request is limited to less")


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
    if not effective_rights(transaction, caller).covers(rights):
        raise PrivilegeExceeded("this takes a permission that you do not hold yourself")


def effective_rights(transaction: Transaction, caller: Passport) -> Rights:
    """Return what the caller may do with the credential that signed: the user's rights, within its limit."""
    rights = transaction.roles.rights_of(user_id_of(caller))
    limit = credential_limit(transaction, caller)
    return rights if limit is None else rights.intersection(limit)


def credential_limit(transaction: Transaction, caller: Passport) -> Rights | None:
    """Return the limit of the credential that signed; None for a session, or a key without one.

    A key that is gone or was just revoked has no rights left, nor has a credential of a kind that is not known.
    """
    if session_id_of(caller.credential_id) is not None:
        return None
    api_key_id = api_key_id_of(caller.credential_id)
    api_key = None if api_key_id is None else transaction.api_keys.get(api_key_id)
    if api_key is None or api_key.api_key_state is State.INACTIVE:
        return Rights.of(())
    return api_key.limit


def keep_an_administrator(transaction: Transaction, old: User, new: User | None) -> None:
    """Check that somebody stays who may do everything, once `old` becomes `new`; None: is removed.

    The caller holds `lock_administration`, or two administrators could let each other go at the same time.

    Raises:
        LastAdministrator: this is the last active one.
    """
    loses_one = old.is_active_administrator and not (new and new.is_active_administrator)
    if loses_one and transaction.users.count_active_administrators() <= 1:
        raise LastAdministrator("this is the last active administrator")
