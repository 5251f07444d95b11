"""Revoke an API key."""

from dataclasses import replace

from signet_common.passport import Passport
from signet_identity.application.authority import api_key_in_reach
from signet_identity.application.changes import revoked_api_key
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
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
            old = api_key_in_reach(transaction, caller, api_key_id)
            new = replace(
                old,
                api_key_state=State.INACTIVE,
                version=old.version + 1,
                updated_at=self._clock(),
                updated_by=caller.user_id,
            )
            transaction.api_keys.save(new)
            transaction.record(revoked_api_key(old, new.version))

        self._unit_of_work.execute(caller, work, type(None))
