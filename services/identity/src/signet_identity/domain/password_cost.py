"""What it costs to try a password: for whoever signs in, and for whoever guesses."""

from typing import NamedTuple


class PasswordCost(NamedTuple):
    """argon2id's memory in KiB and its passes over it (RFC 9106), with one lane.

    Without more it is what OWASP's Password Storage Cheat Sheet asks for at least: 20 ms of a core. RFC 9106 recommends
    65,536 KiB and three passes to whoever can afford them.
    """

    memory_kib: int = 19_456
    passes: int = 2


LEAST = PasswordCost()
