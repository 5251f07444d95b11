"""Delete a user."""

from collections.abc import Collection

from signet_common.passport import Passport
from signet_identity.application.authority import keep_an_administrator, user_in_reach
from signet_identity.application.changes import deleted_user, revoked_api_key
from signet_identity.application.end_sessions import end_sessions
from signet_identity.application.ports import Transaction, UnitOfWork
from signet_identity.domain.errors import VersionConflict


class DeleteUser:
    """Removes an account with its sessions and API keys, whose secrets go with their rows.

    Its id is never used again, so what the log says of it stays true.
    """

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def __call__(self, caller: Passport, user_id: int, expected: Collection[int] | None = None) -> None:
        """Delete the user.

        Raises:
            NotFound: no such user in the caller's scope.
            VersionConflict: the user is at none of the `expected` versions.
            PrivilegeExceeded: the user may do something that the caller may not.
            LastAdministrator: nobody would be left who may do everything.
        """

        def work(transaction: Transaction) -> None:
            transaction.roles.lock_administration()
            user = user_in_reach(transaction, caller, user_id)
            if expected is not None and user.version not in expected:
                raise VersionConflict(f"user {user_id} is at version {user.version}")
            keep_an_administrator(transaction, user, None)
            end_sessions(transaction, user_id)
            for api_key in transaction.api_keys.delete_all(user_id):
                transaction.record(revoked_api_key(api_key, api_key.version + 1))
            transaction.users.delete(user)
            transaction.record(deleted_user(user))

        self._unit_of_work.execute(caller, work, type(None))
