"""Scope: a permission of scope `own` reaches only what its holder made."""

from signet_common.passport import Passport


def owner_filter(caller: Passport) -> int | None:
    """The maker that a demo must have for the caller to reach it; None when any will do.

    Anything but `any` is narrowed: an unknown scope must not open more than the least one.
    """
    return None if caller.scope == "any" else caller.user_id
