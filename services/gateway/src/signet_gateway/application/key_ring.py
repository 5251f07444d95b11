"""The gateway's sealing keys over time: one is active, its predecessor is accepted for a while, the rest is history.

announced   published and accepted, but not yet the first choice: time to carry the file to every machine
active      the first choice of clients
retiring    accepted until its time is over, so that clients follow in their own time
retired     refused; its private half is gone, so what was recorded under it stays closed for good
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from signet_protocol.sealing_keys import Jwk, announce, public_jwk, thumbprint

State = Literal["announced", "active", "retiring", "retired"]

_MOST_ANNOUNCEMENTS = 32


class KeyRingError(Exception):
    """The ring cannot be changed as asked."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One key; times in unix seconds. `private` is None once it is retired, `accepted_until` None without an end."""

    key_id: str
    created_at: int
    active_from: int
    accepted_until: int | None
    private: RSAPrivateKey | None = field(repr=False)

    def accepted(self, now: float) -> bool:
        """Whether seals under it are opened."""
        return self.private is not None and (self.accepted_until is None or now < self.accepted_until)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys, newest first, and the announcements of each one under the one before."""

    keys: Sequence[SealingKey] = ()
    announcements: Sequence[str] = ()

    def active(self, now: float) -> SealingKey | None:
        """The key that clients seal to."""
        accepted = [key for key in self.keys if key.accepted(now)]
        begun = [key for key in accepted if key.active_from <= now]
        return next(iter(begun or accepted), None)

    def accepted(self, key_id: str, now: float) -> SealingKey | None:
        """The key of that name, if its seals are opened."""
        return next((key for key in self.keys if key.key_id == key_id and key.accepted(now)), None)

    def state(self, key: SealingKey, now: float) -> State:
        """What a key is at the moment."""
        if not key.accepted(now):
            return "retired"
        if key.active_from > now:
            return "announced"
        return "active" if key is self.active(now) else "retiring"

    def published(self, now: float) -> dict[str, list[Jwk] | list[str]]:
        """The JWK set for clients: the active key first. `announcements` leads from older keys to these."""
        active = self.active(now)
        accepted = [key for key in self.keys if key.accepted(now)]
        ordered = sorted(accepted, key=lambda key: key is not active)
        jwks = [public_jwk(key.private.public_key()) for key in ordered if key.private is not None]
        return {"keys": jwks, "announcements": list(self.announcements)}

    def rotated(self, new: RSAPrivateKey, now: int, *, wait: int, overlap: int) -> "KeyRing":
        """Add a key that becomes the active one after `wait` seconds; its predecessors go `overlap` seconds later.

        Every key that is still accepted announces it, so that no client has to have met the others.
        """
        added = SealingKey(thumbprint(new.public_key()), now, now + wait, None, new)
        accepted = [key.private for key in self.keys if key.accepted(now) and key.private is not None]
        announcements = [announce(new.public_key(), signer) for signer in accepted]
        end = now + wait + overlap
        older = [replace(key, accepted_until=min(key.accepted_until or end, end)) for key in self.keys]
        ring = KeyRing([added, *older], [*announcements, *self.announcements][:_MOST_ANNOUNCEMENTS])
        return ring.cleaned(now)

    def retired(self, key_id: str, now: int) -> "KeyRing":
        """End one key now. Raises KeyRingError for one that is not there, and for the last that is accepted."""
        if self.accepted(key_id, now) is None:
            raise KeyRingError(f"{key_id} is none of the keys that are accepted")
        keys = [replace(key, accepted_until=now) if key.key_id == key_id else key for key in self.keys]
        ring = KeyRing(keys, self.announcements).cleaned(now)
        if ring.active(now) is None:
            raise KeyRingError(f"{key_id} is the last key: rotate first")
        return ring

    def cleaned(self, now: float) -> "KeyRing":
        """Forget the private halves that are over."""
        return KeyRing(
            [key if key.accepted(now) else replace(key, private=None) for key in self.keys], self.announcements
        )
