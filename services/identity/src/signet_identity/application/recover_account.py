"""What the deployment does on the day when nobody can sign in any more who could help.

Whoever runs these holds the database and the keyring, so there are no rights to compare; that it happened is on record.
"""

from collections.abc import Callable
from dataclasses import replace

from signet_common.passport import Passport
from signet_identity.application.authority import rights_of_roles
from signet_identity.application.changes import updated_user
from signet_identity.application.end_sessions import end_sessions
from signet_identity.application.keys_of_others import revoke_what_outgrows_its_maker
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import Accounts, Clock, Transaction, UnitOfWork
from signet_identity.domain.errors import NotFound
from signet_identity.domain.logins import LoginKind
from signet_identity.domain.users import State, User


class RecoverAccount:
    """Changes an account by its user name, in the name of the deployment. Everything raises NotFound."""

    def __init__(
        self, accounts: Accounts, unit_of_work: UnitOfWork, hash_password: HashNewPassword, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._unit_of_work = unit_of_work
        self._hash_password = hash_password
        self._clock = clock

    def set_password(self, deployment: Passport, user_name: str, password: str) -> User:
        """Set a password and end every session of the user. Raises FieldRefused for one that breaks a rule."""
        user = self._named(user_name)
        password_hash = self._hash_password(password, user_name=user.user_name, email=user.email)
        now = self._clock()

        def work(transaction: Transaction, old: User, new: User) -> None:
            transaction.users.set_password(new, password_hash)
            end_sessions(transaction, old.user_id)

        return self._change(deployment, user, lambda old: replace(old, password_changed_at=now), work)

    def activate(self, deployment: Passport, user_name: str) -> User:
        """Switch an account on again."""

        def work(transaction: Transaction, _old: User, new: User) -> None:
            transaction.users.save(new)

        return self._change(deployment, self._named(user_name), lambda old: replace(old, user_state=State.ACTIVE), work)

    def grant_role(self, deployment: Passport, user_name: str, role_name: str) -> User:
        """Give a user one role more. Raises FieldRefused where there is no such role."""

        def work(transaction: Transaction, _old: User, new: User) -> None:
            rights_of_roles(transaction, [role_name])
            transaction.users.save(new)
            foreign = transaction.api_keys.made_by_others(user_id=new.user_id)
            revoke_what_outgrows_its_maker(transaction, foreign, by=None, at=new.updated_at)

        return self._change(
            deployment,
            self._named(user_name),
            lambda old: replace(old, roles=tuple(sorted({*old.roles, role_name}))),
            work,
        )

    def _named(self, user_name: str) -> User:
        account = self._accounts.by_login(LoginKind.USER_NAME, user_name)
        if account is None:
            raise NotFound(f"there is no user {user_name}")
        return account.user

    def _change(
        self,
        deployment: Passport,
        user: User,
        changed: Callable[[User], User],
        write: Callable[[Transaction, User, User], None],
    ) -> User:
        def work(transaction: Transaction) -> User:
            transaction.roles.lock_administration()
            old = transaction.users.get(user.user_id)
            if old is None:
                raise NotFound(f"there is no user {user.user_name}")
            new = changed(old)
            if new == old:
                return old
            new = replace(new, version=old.version + 1, updated_at=self._clock(), updated_by=None)
            write(transaction, old, new)
            transaction.record(updated_user(old, new))
            return new

        return self._unit_of_work.execute(deployment, work, User)
