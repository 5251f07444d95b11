"""What a password may be, after NIST SP 800-63B (3.1.1.2): long enough, of any characters, and no obvious guess.

Length protects; composition rules and expiry only annoy, so there are none.
"""

import unicodedata
from collections.abc import Callable

from signet_identity.domain.errors import FieldRefused

MINIMUM_CHARACTERS = 12
MAXIMUM_CHARACTERS = 1024
SHORTEST_GUESS = 3
"""A name or mailbox of fewer characters is part of too many words to be held against a password."""

IsCommon = Callable[[str], bool]
"""Whether a text of at least `MINIMUM_CHARACTERS` is on a list of passwords that many people had."""


def prepared(password: str) -> str:
    """Return what is hashed: NFC, so that the same typed text is one password on every keyboard (RFC 8265, 4.2)."""
    return unicodedata.normalize("NFC", password)


def check_password(
    password: str, is_common: IsCommon, *, user_name: str, email: str | None = None, field: str = "password"
) -> str:
    """Return a new password, prepared.

    Raises:
        FieldRefused: shorter than 12 or longer than 1024 characters, containing the user name or what stands before
            the `@` of the address in any case, or known as common, as typed or in lower case. Names `field`.
    """
    text = prepared(password)
    if not MINIMUM_CHARACTERS <= len(text) <= MAXIMUM_CHARACTERS:
        raise FieldRefused(field, f"must have {MINIMUM_CHARACTERS} to {MAXIMUM_CHARACTERS} characters")
    folded = text.casefold()
    if _contains(folded, user_name):
        raise FieldRefused(field, "must not contain the user name")
    if email is not None and _contains(folded, email.rpartition("@")[0]):
        raise FieldRefused(field, "must not contain the name in the e-mail address")
    if is_common(text) or (folded != text and len(folded) >= MINIMUM_CHARACTERS and is_common(folded)):
        raise FieldRefused(field, "is one of the passwords that are tried first, because many people had it")
    return text


def _contains(folded: str, guess: str) -> bool:
    wanted = prepared(guess).casefold()
    return len(wanted) >= SHORTEST_GUESS and wanted in folded
