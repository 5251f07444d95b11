"""Update an API key: its name, what it is limited to, until when."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from signet_common.passport import Passport
from signet_identity.application.authority import api_key_in_reach, require_key_within
from signet_identity.application.changes import queried_api_key, updated_api_key
from signet_identity.application.keys_of_others import require_maker_covers
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.application.shown_again import api_key_again
from signet_identity.domain.credentials import ApiKey, check_expiry, limit_of
from signet_identity.domain.errors import VersionConflict
from signet_identity.domain.permissions import check_known


@dataclass(frozen=True, slots=True)
class ApiKeyUpdate:
    """What shall change, by field name: key_name, description, permissions, expires_at. What is absent stays."""

    api_key_id: int
    values: Mapping[str, Any] = field(default_factory=dict)
    expected: frozenset[int] | None = None


class UpdateApiKey:
    """Changes a key within the limits of the one that signs. Its user and its secret stay what they are."""

    def __init__(self, unit_of_work: UnitOfWork, operations: Collection[str], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._operations = operations
        self._clock = clock

    def __call__(self, caller: Passport, update: ApiKeyUpdate) -> ApiKey:
        """Apply the update and return the key as it is now; nothing is written where nothing changes.

        Raises:
            FieldRefused: it would be over, or names a permission that no contract asks for.
            Duplicate: the user has another key of that name.
            NotFound: no active key of that id in the caller's scope.
            PrivilegeExceeded: the key can do, or could then do, what the caller's credential cannot.
            VersionConflict: the key is at none of the `expected` versions.
        """
        now = self._clock()
        check_expiry(update.values.get("expires_at"), now)
        check_known(update.values.get("permissions") or (), self._operations)

        def work(transaction: Transaction) -> ApiKey:
            transaction.roles.lock_administration()
            old = api_key_in_reach(transaction, caller, update.api_key_id)
            if update.expected is not None and old.version not in update.expected:
                raise VersionConflict(f"API key {old.api_key_id} is at version {old.version}")
            new = replace(old, **update.values)
            if new == old:
                # The answer shows the key all the same, and what is shown is on record.
                transaction.record(queried_api_key(old))
                return old
            require_key_within(transaction, caller, new.user_id, limit_of(new.permissions))
            require_maker_covers(transaction, old, new)
            new = replace(new, version=old.version + 1, updated_at=now, updated_by=caller.user_id)
            transaction.api_keys.save(new)
            transaction.record(updated_api_key(old, new))
            return new

        return self._unit_of_work.execute(
            caller, work, ApiKey, again=lambda transaction, api_key: api_key_again(transaction, caller, api_key)
        )
