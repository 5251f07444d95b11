"""Revoke an API key."""

from signet_common.passport import Passport
from signet_identity.application.authority import user_in_reach
from signet_identity.application.changes import revoked_api_key
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.application.reach import reaches
from signet_identity.domain.errors import NotFound
from signet_identity.domain.users import State


class RevokeApiKey:
    """Ends a key for good. Its row stays, so that whoever still signs with it is told that it is inactive."""

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    def __call__(self, caller: Passport, api_key_id: int) -> None:
        """Revoke the key.

        Raises:
            NotFound: there is no active key of that id in the caller's scope.
            PrivilegeExceeded: its user may do something that the caller may not.
        """

        def work(transaction: Transaction) -> None:
            api_key = transaction.api_keys.get(api_key_id)
            if api_key is None or api_key.api_key_state is State.INACTIVE or not reaches(caller, api_key.user_id):
                raise NotFound(f"there is no active API key {api_key_id}")
            user_in_reach(transaction, caller, api_key.user_id)
            version = transaction.api_keys.revoke(api_key, by=caller.user_id, at=self._clock())
            transaction.record(revoked_api_key(api_key, version))

        self._unit_of_work.execute(caller, work, type(None))
