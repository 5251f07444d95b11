"""The first answer to an Idempotency-Key, once more: a read like any other, of what the caller may still reach.

It shows what it showed the first time, whatever the object looks like by now. Each function raises what the operation
itself would: NotFound for what is gone or out of scope, PrivilegeExceeded for who has risen above the caller.
"""

from signet_common.passport import Passport
from signet_identity.application.authority import api_key_in_reach, require_cover, user_in_reach
from signet_identity.application.changes import queried_api_key, queried_role, queried_user
from signet_identity.application.ports import Transaction
from signet_identity.domain.credentials import ApiKey
from signet_identity.domain.errors import NotFound
from signet_identity.domain.roles import Role
from signet_identity.domain.users import User


def user_again(transaction: Transaction, caller: Passport, answer: User) -> None:
    """Check that the user is in reach, and record the read."""
    user_in_reach(transaction, caller, answer.user_id)
    transaction.record(queried_user(answer))


def api_key_again(transaction: Transaction, caller: Passport, answer: ApiKey) -> None:
    """Check that the key is active and in reach, and record the read."""
    api_key_in_reach(transaction, caller, answer.api_key_id)
    transaction.record(queried_api_key(answer))


def role_again(transaction: Transaction, caller: Passport, answer: Role) -> None:
    """Check that the role holds nothing that the caller lacks, and record the read."""
    role = transaction.roles.get(answer.role_id)
    if role is None:
        raise NotFound(f"there is no role {answer.role_id}")
    require_cover(transaction, caller, role.rights)
    transaction.record(queried_role(answer))
