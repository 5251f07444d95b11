"""Create an API key."""

from dataclasses import dataclass
from datetime import datetime

from signet_common.passport import Passport
from signet_identity.application.authority import user_id_of, user_in_reach
from signet_identity.application.changes import inserted_api_key
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.domain.credentials import ApiKey, NewCredential, check_expiry, new_api_key


@dataclass(frozen=True, slots=True)
class ApiKeyRequest:
    """For whom (None: the caller), what for, and until when."""

    user_id: int | None = None
    description: str | None = None
    expires_at: datetime | None = None


class CreateApiKey:
    """Makes a key whose secret is returned here and never again."""

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    def __call__(self, caller: Passport, request: ApiKeyRequest) -> tuple[ApiKey, NewCredential]:
        """Create the key for the caller, or for another user in the caller's scope.

        A key speaks for its user, so making one for somebody is managing their account.

        Raises:
            FieldRefused: it would come expired.
            NotFound, PrivilegeExceeded: the user is not the caller's to manage.
        """
        now = self._clock()
        check_expiry(request.expires_at, now)
        user_id = user_id_of(caller) if request.user_id is None else request.user_id
        credential = new_api_key()

        def work(transaction: Transaction) -> ApiKey:
            user_in_reach(transaction, caller, user_id)
            api_key = transaction.api_keys.add(
                credential,
                user_id=user_id,
                description=request.description,
                expires_at=request.expires_at,
                by=caller.user_id,
                at=now,
            )
            transaction.record(inserted_api_key(api_key))
            return api_key

        return self._unit_of_work.execute(caller, work, ApiKey, secret=True), credential
