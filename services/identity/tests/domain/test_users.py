"""The rules that keep one login from being mistaken for another."""

import pytest

from signet_identity.domain.errors import FieldRefused
from signet_identity.domain.logins import (
    LoginKind,
    check_contact,
    check_display_name,
    check_email,
    check_phone,
    check_user_name,
    login_kind,
)


@pytest.mark.parametrize(
    "name", ["ada@example.org", "@", "+4930123", "+", "4930123", "٣٤٥", "", " ada", "a\x00b", "a\u200bb"]
)
def test_user_names_that_look_like_another_login_are_refused(name: str) -> None:
    """Whoever could be called like somebody's address would receive that person's sign-ins."""
    with pytest.raises(FieldRefused) as refused:
        check_user_name(name)
    assert refused.value.field == "user_name"


@pytest.mark.parametrize(
    "name",
    ["ａdmin", "ada\u0308", "ada\u3164", "ada\u115f", "a\u034fda", "ada\ufe0f", "\u0430dmin", "\u03bfperator", "ﬁn"],
)
def test_user_names_that_can_be_read_as_another_one_are_refused(name: str) -> None:
    """Whoever reads the log, or gives a role to a name, must not take one account for another."""
    with pytest.raises(FieldRefused) as refused:
        check_user_name(name)
    assert refused.value.field == "user_name"


@pytest.mark.parametrize(
    "name", ["Иван", "Ελένη", "ivan 7", "ada", "7of9", "Zoë", "艾达", "a" * 64, "x+y", "ada lovelace"]
)
def test_other_user_names_are_taken_as_they_are(name: str) -> None:
    """Names are people's own: no alphabet is imposed on them."""
    assert check_user_name(name) == name


def test_limits_count_bytes_and_not_characters() -> None:
    """Columns and peers hold bytes: 22 characters of three bytes each are 66."""
    assert check_user_name("é" * 32)
    with pytest.raises(FieldRefused, match="64 bytes"):
        check_user_name("é" * 33)
    with pytest.raises(FieldRefused, match="254 bytes"):
        check_email("a@" + "ü" * 127)


@pytest.mark.parametrize("email", ["ada", "@example.org", "ada@", "a@b@c", "a b@example.org", "ada@exam\nple.org"])
def test_texts_that_are_no_address_are_refused(email: str) -> None:
    """An address without its one @ could be read as a name or a number."""
    with pytest.raises(FieldRefused):
        check_email(email)


@pytest.mark.parametrize("phone", ["", "12", "+", "49 30", "٣٤٥", "1" * 32, "1+2", "123\n"])
def test_texts_that_are_no_number_are_refused(phone: str) -> None:
    """A number has one spelling alphabet: ASCII digits."""
    with pytest.raises(FieldRefused):
        check_phone(phone)


@pytest.mark.parametrize(
    ("login", "kind"),
    [
        ("ada", LoginKind.USER_NAME),
        ("ada@example.org", LoginKind.EMAIL),
        ("+4930", LoginKind.PHONE),
        ("4930", LoginKind.PHONE),
    ],
)
def test_a_login_is_looked_up_in_one_field_only(login: str, kind: LoginKind) -> None:
    """A second lookup would make some sign-ins ambiguous, and slower than others."""
    assert login_kind(login) is kind


def test_display_names_may_join_characters_but_not_break_lines() -> None:
    """Joiners are part of names in several scripts; a line break forges lines wherever a name is printed."""
    assert check_display_name("می\u200cخواهم")
    with pytest.raises(FieldRefused):
        check_display_name("Ada\u2028root")


def test_the_first_bad_contact_field_is_named() -> None:
    """A refusal names its field, and an absent value is no mistake."""
    check_contact({"email": None, "phone": None, "display_name": None})
    with pytest.raises(FieldRefused) as refused:
        check_contact({"email": "ada@example.org", "phone": "call me"})
    assert refused.value.field == "phone"
