"""Credentials are random, shown once, and stored so that a stolen database signs nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from signet_identity.domain.credentials import ApiKey, check_expiry, new_api_key, new_session, token_digest
from signet_identity.domain.errors import FieldRefused
from signet_identity.domain.users import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def an_api_key(*, state: State = State.ACTIVE, expires_at: datetime | None = None) -> ApiKey:
    return ApiKey(1, 1, "ak_x", "laptop", None, None, state, expires_at, None, 1, NOW, 1, NOW, 1)


def test_no_two_credentials_are_alike() -> None:
    """A constant here would sign everybody's requests."""
    drawn = [new_api_key(), new_api_key(), new_session(), new_session()]
    assert len({new.credential for new in drawn} | {new.secret for new in drawn}) == 8


def test_credentials_are_printable_and_long_enough() -> None:
    """Secrets travel as ASCII text: 32 bytes are 43 characters of base64url, 12 are 16."""
    key, session = new_api_key(), new_session()
    assert (len(key.credential), len(key.secret)) == (3 + 16, 43)
    assert (len(session.credential), len(session.secret)) == (3 + 43, 43)


def test_a_secret_is_in_no_representation() -> None:
    """Representations end up in logs and tracebacks."""
    key = new_api_key()
    assert key.secret not in repr(key)
    assert key.credential not in repr(key)


def test_a_token_is_stored_as_its_digest() -> None:
    """SHA-256 of RFC 6234's "abc": what is in the database cannot be sent back as a token."""
    assert token_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("key", "state"),
    [
        (an_api_key(), State.ACTIVE),
        (an_api_key(state=State.INACTIVE), State.INACTIVE),
        (an_api_key(expires_at=NOW), State.INACTIVE),
        (an_api_key(expires_at=NOW + timedelta(seconds=1)), State.ACTIVE),
    ],
)
def test_an_api_key_works_until_it_is_revoked_or_its_time_comes(key: ApiKey, state: State) -> None:
    """The instant of expiry itself is already too late."""
    assert key.state_at(NOW) is state


def test_a_credential_cannot_be_born_expired() -> None:
    """It is always a mistake of the caller, usually of a time zone."""
    check_expiry(None, NOW)
    with pytest.raises(FieldRefused):
        check_expiry(NOW, NOW)
