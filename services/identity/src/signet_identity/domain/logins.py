"""The rules of what identifies users, and of how they are reached.

A login is a user name, an e-mail address or a phone number. The three can never be mistaken for each other: an address
has an `@`, a number is digits after an optional `+`, and a user name is neither. So nobody can take a name that
captures somebody else's sign-in. Nor can a name be mistaken for another one: it has one spelling in Unicode, nothing
in it is invisible, and names that differ in the case of letters alone have one owner (after RFC 8265, section 3.3).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum

from signet_identity.domain.errors import FieldRefused

USER_NAME_BYTES = 64
EMAIL_BYTES = 254
DISPLAY_NAME_BYTES = 128

PHONE = re.compile(r"\+?[0-9]{3,31}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")


# Default_Ignorable_Code_Point (UAX #44), less what is not printable or not NFKC anyway: fillers, joiners, selectors.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_ALIKE = ("LATIN ", "CYRILLIC ", "GREEK ")
"""Scripts whose letters look like each other's, by how the names of their characters begin."""


class LoginKind(StrEnum):
    """Which field of a user a login is looked up in."""

    USER_NAME = "user_name"
    EMAIL = "email"
    PHONE = "phone"


def login_kind(login: str) -> LoginKind:
    """Which kind of login a text is; never ambiguous, see the module's rule."""
    if "@" in login:
        return LoginKind.EMAIL
    if login.startswith("+") or login.isdecimal():
        return LoginKind.PHONE
    return LoginKind.USER_NAME


def check_user_name(value: str) -> str:
    """Return a user name that nobody can mistake for an address or a number.

    Raises:
        FieldRefused: empty, too long, with a control character or outer space, shaped like another kind of login, or
            likely to be read as another name.
    """
    _check_text("user_name", value, USER_NAME_BYTES)
    _check_visible("user_name", value)
    if _INVISIBLE.search(value) or unicodedata.normalize("NFKC", value) != value:
        raise FieldRefused("user_name", "must be in Unicode's form NFKC, without invisible characters")
    if sum(any(unicodedata.name(each, "").startswith(script) for each in value) for script in _ALIKE) > 1:
        raise FieldRefused("user_name", "must not mix Latin, Cyrillic and Greek letters")
    if login_kind(value) is not LoginKind.USER_NAME:
        raise FieldRefused("user_name", "must not contain '@', start with '+' or consist of digits only")
    return value


def user_name_key(value: str) -> str:
    """What a user name is compared by when it is given away; at sign-in names compare byte for byte."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())


def check_email(value: str) -> str:
    """Return an e-mail address: something, one `@`, something; who owns it is not decided by its looks.

    Raises:
        FieldRefused: not of that shape, or longer than 254 bytes (RFC 5321, 4.5.3.1.3 less the angle brackets).
    """
    _check_text("email", value, EMAIL_BYTES)
    _check_visible("email", value)
    if not EMAIL.fullmatch(value):
        raise FieldRefused("email", "must be an e-mail address")
    return value


def check_phone(value: str) -> str:
    """Return a phone number: ASCII digits, an optional `+` before them.

    Raises:
        FieldRefused: anything else.
    """
    if not PHONE.fullmatch(value):
        raise FieldRefused("phone", "must be 3 to 31 digits, an optional '+' before them")
    return value


def check_display_name(value: str) -> str:
    """Return a display name, which is free text in one line.

    Raises:
        FieldRefused: empty, longer than 128 bytes, or with control characters or outer space.
    """
    _check_text("display_name", value, DISPLAY_NAME_BYTES)
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
        raise FieldRefused("display_name", "must be one line without control characters")
    return value


CONTACT_RULES: Mapping[str, Callable[[str], str]] = {
    "email": check_email,
    "phone": check_phone,
    "display_name": check_display_name,
}


def check_contact(contact: Mapping[str, str | None]) -> None:
    """Check each contact field that has a value.

    Raises:
        FieldRefused: names the first field that breaks its rule.
    """
    for name, value in contact.items():
        if value is not None:
            CONTACT_RULES[name](value)


def _check_text(field: str, value: str, limit: int) -> None:
    if not value or value != value.strip():
        raise FieldRefused(field, "must not be empty, nor begin or end with space")
    if len(value.encode()) > limit:
        raise FieldRefused(field, f"must be at most {limit} bytes of UTF-8")


def _check_visible(field: str, value: str) -> None:
    if not value.isprintable():
        raise FieldRefused(field, "must not contain control or invisible characters")
