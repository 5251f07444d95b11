"""What a password may be: long enough, of any characters, and not the user name."""

import unicodedata

from signet_identity.domain.errors import FieldRefused

MINIMUM_CHARACTERS = 12
MAXIMUM_CHARACTERS = 1024


def prepared(password: str) -> str:
    """Return what is hashed: NFC, so that the same typed text is one password on every keyboard (RFC 8265, 4.2)."""
    return unicodedata.normalize("NFC", password)


def check_password(password: str, *, user_name: str) -> str:
    """Return a new password, prepared.

    Raises:
        FieldRefused: shorter than 12 or longer than 1024 characters, or containing the user name in any case.
    """
    text = prepared(password)
    if not MINIMUM_CHARACTERS <= len(text) <= MAXIMUM_CHARACTERS:
        raise FieldRefused("password", f"must have {MINIMUM_CHARACTERS} to {MAXIMUM_CHARACTERS} characters")
    if prepared(user_name).casefold() in text.casefold():
        raise FieldRefused("password", "must not contain the user name")
    return text
