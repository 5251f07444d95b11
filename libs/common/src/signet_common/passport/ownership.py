"""Scope: a permission of scope `own` reaches only what belongs to its holder."""

from signet_common.passport.claims import Passport

NOBODY = -1
"""The id of no user, since ids start at 1: what belongs to it does not exist."""


def owner_filter(caller: Passport) -> int | None:
    """The user to whom things must belong for the caller to reach them; None when anybody's will do.

    Anything but `any` is narrowed: an unknown scope must not open more than the least one, and a caller that is no
    user owns nothing rather than everything.
    """
    if caller.scope == "any":
        return None
    return NOBODY if caller.user_id is None else caller.user_id
