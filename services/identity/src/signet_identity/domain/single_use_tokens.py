"""Tokens that are mailed to somebody and work once: whoever brings one back reads that mailbox.

A token is bound to its purpose and to the address that it was sent to: an address that changes meanwhile voids it, even
when it comes back later. So does another password, and an account that is switched off.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signet_identity.domain.errors import TokenRefused
from signet_identity.domain.users import State, User

TOKEN_BYTES = 32
TOKEN_PATTERN = r"^[A-Za-z0-9_-]{43}$"  # noqa: S105 - the shape of every token, not one of them


class Purpose(StrEnum):
    """What a token is good for."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name
    EMAIL_CONFIRMATION = "email_confirmation"


@dataclass(frozen=True, slots=True)
class SingleUseToken:
    """A token as it is kept. `subject` is the address that it was sent to; `user_id` is None for one sent to nobody."""

    user_id: int | None
    purpose: Purpose
    subject: str
    expires_at: datetime
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Whether it still works."""
        return self.used_at is None and self.expires_at > now


def new_token() -> str:
    """Draw a token: 256 random bits, base64url. Only its digest (`credentials.token_digest`) is kept."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def mailboxes(user: User) -> tuple[str, ...]:
    """The addresses of a user whose tokens stay open: none of an inactive one."""
    addresses = (user.email, user.pending_email) if user.user_state is State.ACTIVE else ()
    return tuple(address for address in addresses if address is not None)


def address_of(user: User, purpose: Purpose) -> str | None:
    """Where a token of a user goes: a new password never to an address that only waits to be confirmed."""
    if purpose is Purpose.EMAIL_CONFIRMATION and user.pending_email is not None:
        return user.pending_email
    return user.email


def check_holder(token: SingleUseToken | None, user: User | None, now: datetime) -> User:
    """Return the user whom a token speaks for.

    Raises:
        TokenRefused: no such token, used or over; its user gone or inactive; or another address by now.
    """
    if token is None or user is None or not token.is_open(now):
        raise TokenRefused
    if user.user_state is not State.ACTIVE or address_of(user, token.purpose) != token.subject:
        raise TokenRefused
    return user
