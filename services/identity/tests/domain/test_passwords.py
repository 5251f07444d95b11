"""Passwords: the few rules there are."""

import pytest

from signet_identity.domain.errors import FieldRefused
from signet_identity.domain.passwords import check_password, prepared


def uncommon(_password: str) -> bool:
    """No list at all."""
    return False


@pytest.mark.parametrize(
    "password", ["x" * 12, "x" * 1024, "пароль из слов", "🐎🔋📎🔧🐎🔋📎🔧🐎🔋📎🔧", "            "]
)
def test_any_characters_make_a_password_when_there_are_enough(password: str) -> None:
    """Length protects; composition rules only annoy (NIST SP 800-63B, 3.1.1.2)."""
    assert check_password(password, uncommon, user_name="ada") == password


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 1025, "e\u0301" * 6])
def test_too_short_and_too_long_passwords_are_refused(password: str) -> None:
    """Characters are counted in the form that is hashed: six accented letters are six."""
    with pytest.raises(FieldRefused):
        check_password(password, uncommon, user_name="ada")


@pytest.mark.parametrize("password", ["ada is my name", "my name is ADA", "xxxxxxxxxxxAdA"])
def test_a_password_with_the_user_name_in_it_is_refused(password: str) -> None:
    """It is the first thing that anybody tries."""
    with pytest.raises(FieldRefused, match="user name"):
        check_password(password, uncommon, user_name="Ada")


@pytest.mark.parametrize("password", ["lovelace loves engines", "analytical LOVELACE", "x lovela\u0063e x"])
def test_a_password_with_the_name_in_the_address_is_refused(password: str) -> None:
    """Who knows the address tries it next."""
    with pytest.raises(FieldRefused, match="e-mail"):
        check_password(password, uncommon, user_name="ada", email="Lovelace@example.org")


@pytest.mark.parametrize(("user_name", "email"), [("al", "bo@example.org"), ("al", "@"), ("al", None)])
def test_names_of_a_letter_or_two_are_held_against_nobody(user_name: str, email: str | None) -> None:
    """They are part of half of all words, and guessing them helps nobody."""
    password = "all above board bonanza"
    assert check_password(password, uncommon, user_name=user_name, email=email) == password


@pytest.mark.parametrize("password", ["qwertyqwerty", "QWERTYqwerty"])
def test_a_common_password_is_refused_however_it_is_shifted(password: str) -> None:
    """Whoever guesses begins with what many people had; the refusal names the field that was sent."""
    with pytest.raises(FieldRefused) as refused:
        check_password(password, "qwertyqwerty".__eq__, user_name="ada", field="new_password")
    assert refused.value.field == "new_password"


def test_composed_and_decomposed_spellings_are_one_password() -> None:
    """The same key on two keyboards sends two encodings of é; the owner typed the same password."""
    assert prepared("caf\u00e9") == prepared("cafe\u0301")
