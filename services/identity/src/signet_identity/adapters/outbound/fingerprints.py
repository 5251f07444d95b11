"""What stands for a body that holds a password, in the row of its Idempotency-Key.

A plain digest is fast to compute, so whoever steals the database could guess the password against it. This one is made
with a key that no database holds: it comes from the keys that prove passports, under a label of its own. When those are
rotated a repeat that is under way is refused (409002), as if it said something else; it is never carried out twice.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

_LABEL = b"signet identity: bodies that hold passwords"


class KeyedFingerprint:
    """Turns the digest of a body into one that nobody can recompute without the keys; both are hexadecimal."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        # The newest key id alone; without any, nothing that outlives the process is promised.
        key = keys[max(keys)] if keys else secrets.token_bytes(32)
        self._key = hmac.digest(key, _LABEL, "sha256")

    def __call__(self, body_sha256: str) -> str:
        """Return the fingerprint of a body."""
        return hmac.new(self._key, body_sha256.encode(), hashlib.sha256).hexdigest()
