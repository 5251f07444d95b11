"""Update a user: contact, state and roles."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from signet_common.passport import Passport
from signet_identity.application.authority import keep_an_administrator, require_cover, rights_of_roles, user_in_reach
from signet_identity.application.changes import queried_user, updated_user
from signet_identity.application.end_sessions import end_sessions
from signet_identity.application.keys_of_others import revoke_what_outgrows_its_maker
from signet_identity.application.mail import tell_old_address
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.application.repositories import Account
from signet_identity.application.shown_again import user_again
from signet_identity.domain.errors import FieldRefused, PrivilegeExceeded, VersionConflict
from signet_identity.domain.logins import check_contact
from signet_identity.domain.permissions import Scope
from signet_identity.domain.users import State, User, with_given_email, with_wanted_email


@dataclass(frozen=True, slots=True)
class UserUpdate:
    """What shall change; a contact field that is absent stays, one that is None is cleared."""

    user_id: int
    contact: Mapping[str, str | None] = field(default_factory=dict)
    user_state: State | None = None
    roles: tuple[str, ...] | None = None
    expected: frozenset[int] | None = None


class UpdateUser:
    """Changes an account within the rights of the caller, and never leaves an installation without administrator."""

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    def __call__(self, caller: Passport, update: UserUpdate, proven: Account | None = None) -> User:
        """Apply the update and return the user as it is now; nothing is written where nothing changes.

        `proven` is the caller's own account, once its password was shown. What one may sign in with, and where a new
        password is mailed to, takes that: a stolen session or key would become the account otherwise.

        Raises:
            FieldRefused, Duplicate: a value cannot be had; the first also where that proof is missing.
            NotFound: no such user in the caller's scope.
            VersionConflict: the user is at none of the `expected` versions, or has another password by now.
            PrivilegeExceeded: state or roles need scope `any`, and everything that they carry.
            LastAdministrator: nobody would be left who may do everything.
        """
        check_contact(update.contact)

        def work(transaction: Transaction) -> User:
            transaction.roles.lock_administration()
            old = user_in_reach(transaction, caller, update.user_id)
            if update.expected is not None and old.version not in update.expected:
                raise VersionConflict(f"user {old.user_id} is at version {old.version}")
            new = self._changed(transaction, caller, old, update)
            if new == old:
                # The answer shows the user all the same, and what is shown is on record.
                transaction.record(queried_user(old))
                return old
            if old.user_id == caller.user_id and _logins(new) != _logins(old):
                _require_proof(transaction.users.account(old.user_id), proven)
            keep_an_administrator(transaction, old, new)
            new = replace(new, version=old.version + 1, updated_at=self._clock(), updated_by=caller.user_id)
            transaction.users.save(new)
            transaction.record(updated_user(old, new))
            tell_old_address(transaction, old, new, self._clock())
            if not set(new.roles) <= set(old.roles):
                foreign = transaction.api_keys.made_by_others(user_id=new.user_id)
                revoke_what_outgrows_its_maker(transaction, foreign, by=caller.user_id, at=self._clock())
            if new.user_state is not State.ACTIVE:
                # Whoever is let in again signs in again: what was stolen before does not come back to life.
                end_sessions(transaction, new.user_id)
            return new

        return self._unit_of_work.execute(
            caller, work, User, again=lambda transaction, user: user_again(transaction, caller, user)
        )

    def _changed(self, transaction: Transaction, caller: Passport, old: User, update: UserUpdate) -> User:
        values: dict[str, Any] = {name: value for name, value in update.contact.items() if name != "email"}
        if update.user_state is not None:
            values["user_state"] = update.user_state
        if update.roles is not None:
            values["roles"] = tuple(sorted(set(update.roles)))
            require_cover(transaction, caller, rights_of_roles(transaction, values["roles"]))
        new = replace(old, **values)
        if "email" in update.contact:
            # The own one waits until it is confirmed: unproven, it is neither a login nor in anybody's way.
            changed = with_wanted_email if old.user_id == caller.user_id else with_given_email
            new = changed(new, update.contact["email"])
        if (new.user_state, new.roles) != (old.user_state, old.roles) and caller.scope != Scope.ANY:
            raise PrivilegeExceeded("state and roles are not the own account's to change")
        return new


def _logins(user: User) -> tuple[str | None, ...]:
    return user.email, user.pending_email, user.phone


def _require_proof(account: Account | None, proven: Account | None) -> None:
    if proven is None:
        raise FieldRefused("old_password", "goes with another e-mail address or phone number of your own, at /users/me")
    if account is None or account.password_hash != proven.password_hash:
        raise VersionConflict("the password has just changed")
