"""API keys that somebody made for somebody else, and whose secret the maker may still know.

The maker could do all that the key could when it was made. That must stay so: a key without a limit has the
rights of its user, and those of tomorrow would be in the maker's hand as well.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from signet_identity.application.changes import revoked_api_key
from signet_identity.application.ports import Transaction
from signet_identity.domain.credentials import ApiKey
from signet_identity.domain.errors import PrivilegeExceeded
from signet_identity.domain.users import State


def revoke_what_outgrows_its_maker(
    transaction: Transaction, api_keys: Iterable[ApiKey], *, by: int | None, at: datetime
) -> None:
    """Revoke those of the keys that can do by now what their maker, a user of the moment or gone, cannot."""
    for api_key in api_keys:
        if not _maker_covers(transaction, api_key):
            version = api_key.version + 1
            revoked = replace(api_key, api_key_state=State.INACTIVE, version=version, updated_at=at, updated_by=by)
            transaction.api_keys.save(revoked)
            transaction.record(revoked_api_key(api_key, version))


def require_maker_covers(transaction: Transaction, old: ApiKey, new: ApiKey) -> None:
    """Check that a key of somebody else's making is not widened beyond its maker.

    Raises:
        PrivilegeExceeded: whoever made it would get to more than they hold.
    """
    narrowed = old.limit is None or (new.limit is not None and old.limit.covers(new.limit))
    if not narrowed and new.created_by not in (None, new.user_id) and not _maker_covers(transaction, new):
        raise PrivilegeExceeded("whoever made this key holds less: make another one")


def _maker_covers(transaction: Transaction, api_key: ApiKey) -> bool:
    rights = transaction.roles.rights_of(api_key.user_id)
    if api_key.limit is not None:
        rights = rights.intersection(api_key.limit)
    return api_key.created_by is not None and transaction.roles.rights_of(api_key.created_by).covers(rights)
