"""Quota: how much a user stores, and how much at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes. `own_limit` tells whether the limit is this user's own or everybody's.

    What is used may be more than the limit, once that was lowered: then nothing new is let in.
    """

    user_id: int
    used_bytes: int
    limit_bytes: int
    own_limit: bool
