"""Scope: a permission of scope `own` reaches only what belongs to its holder."""

from signet_common.passport import Passport
from signet_identity.domain.permissions import Scope


def owner_filter(caller: Passport) -> int | None:
    """Return the user to whom things must belong for the caller to reach them; None when any will do.

    Anything but `any` is narrowed: an unknown scope must not open more than the least one. Nobody's id is -1.
    """
    if caller.scope == Scope.ANY:
        return None
    return caller.user_id if caller.user_id is not None else -1


def reaches(caller: Passport, owner_id: int) -> bool:
    """Whether the caller's scope includes what belongs to a user."""
    return owner_filter(caller) in (None, owner_id)
