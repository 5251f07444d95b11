"""Passwords: the few rules there are."""

import pytest

from signet_identity.domain.errors import FieldRefused
from signet_identity.domain.passwords import check_password, prepared


@pytest.mark.parametrize(
    "password", ["x" * 12, "x" * 1024, "пароль из слов", "🐎🔋📎🔧🐎🔋📎🔧🐎🔋📎🔧", "            "]
)
def test_any_characters_make_a_password_when_there_are_enough(password: str) -> None:
    """Length protects; composition rules only annoy (NIST SP 800-63B, 5.1.1.2)."""
    assert check_password(password, user_name="ada") == password


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 1025, "e\u0301" * 6])
def test_too_short_and_too_long_passwords_are_refused(password: str) -> None:
    """Characters are counted in the form that is hashed: six accented letters are six."""
    with pytest.raises(FieldRefused):
        check_password(password, user_name="ada")


@pytest.mark.parametrize("password", ["ada is my name", "my name is ADA", "xxxxxxxxxxxAdA"])
def test_a_password_with_the_user_name_in_it_is_refused(password: str) -> None:
    """It is the first thing that anybody tries."""
    with pytest.raises(FieldRefused, match="user name"):
        check_password(password, user_name="Ada")


def test_composed_and_decomposed_spellings_are_one_password() -> None:
    """The same key on two keyboards sends two encodings of é; the owner typed the same password."""
    assert prepared("caf\u00e9") == prepared("cafe\u0301")
