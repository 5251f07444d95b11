"""Scope: a permission of scope `own` reaches only what belongs to its holder."""

from signet_common.passport import Passport, owner_filter

__all__ = ["owner_filter", "reaches"]


def reaches(caller: Passport, owner_id: int) -> bool:
    """Whether the caller's scope includes what belongs to a user."""
    return owner_filter(caller) in (None, owner_id)
