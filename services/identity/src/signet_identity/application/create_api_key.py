"""Create an API key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from signet_common.passport import Passport
from signet_identity.application.authority import require_key_within, user_id_of
from signet_identity.application.changes import inserted_api_key
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.domain.credentials import ApiKey, NewApiKey, NewCredential, check_expiry, limit_of, new_api_key
from signet_identity.domain.permissions import check_known


@dataclass(frozen=True, slots=True)
class ApiKeyRequest:
    """For whom (None: the caller), by what name (None: the key's own), limited to what (None: nothing), until when."""

    user_id: int | None = None
    key_name: str | None = None
    description: str | None = None
    permissions: tuple[str, ...] | None = None
    expires_at: datetime | None = None


class CreateApiKey:
    """Makes a key whose secret is returned here and never again. `operations` are what the contracts ask for."""

    def __init__(self, unit_of_work: UnitOfWork, operations: Collection[str], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._operations = operations
        self._clock = clock

    def __call__(self, caller: Passport, request: ApiKeyRequest) -> tuple[ApiKey, NewCredential]:
        """Create the key for the caller, or for another user in the caller's scope.

        A key speaks for its user, so making one for somebody is managing their account.

        Raises:
            FieldRefused: it would come expired, or names a permission that no contract asks for.
            Duplicate: the user has a key of that name.
            NotFound, PrivilegeExceeded: the user, or a key that can do that, is not the caller's to have.
        """
        now = self._clock()
        check_expiry(request.expires_at, now)
        check_known(request.permissions or (), self._operations)
        credential = new_api_key()
        new = NewApiKey(
            user_id=user_id_of(caller) if request.user_id is None else request.user_id,
            key_name=request.key_name or credential.credential,
            description=request.description,
            permissions=request.permissions,
            expires_at=request.expires_at,
        )

        def work(transaction: Transaction) -> ApiKey:
            if new.user_id != caller.user_id:
                # Whoever gives that user a role meanwhile must find this key, which may have to go then.
                transaction.roles.lock_administration()
            require_key_within(transaction, caller, new.user_id, limit_of(new.permissions))
            api_key = transaction.api_keys.add(credential, new, by=caller.user_id, at=now)
            transaction.record(inserted_api_key(api_key))
            return api_key

        return self._unit_of_work.execute(caller, work, ApiKey, secret=True), credential
