"""Sign-in under attack, on fakes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signet_identity.application.attempts import Attempts
from signet_identity.application.change_password import ChangePassword
from signet_identity.application.prove_password import ProvePassword
from signet_identity.application.sign_in import SignIn
from signet_identity.domain.credentials import SessionLifetime
from signet_identity.domain.errors import AccountInactive, CredentialsInvalid, FieldRefused, TooManySignIns
from signet_identity.domain.throttling import PAIR
from signet_identity.domain.users import State

PASSWORD = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def attempts(unit_of_work, clock):
    return Attempts(unit_of_work, clock, b"pepper")


@pytest.fixture
def sign_in(unit_of_work, credentials, attempts, passwords, clock, calling):
    use = SignIn(
        credentials,
        unit_of_work,
        attempts,
        passwords,
        clock,
        lifetime=SessionLifetime(timedelta(hours=1), timedelta(hours=1)),
    )

    def sign_in_from(login, password, address="192.0.2.1"):
        return use(replace(calling(None), client_ip=address), login, password)

    return sign_in_from


@pytest.fixture
def ada(add_user, passwords):
    return add_user("ada", "user", password_hash=passwords.hash(PASSWORD))


def outcome(attempt, *args):
    """What the caller is told, and for how long to wait."""
    try:
        attempt(*args)
    except TooManySignIns as refused:
        return "TooManySignIns", refused.retry_after
    except (CredentialsInvalid, AccountInactive) as refused:
        return type(refused).__name__, 0
    return "signed in", 0


def test_an_unknown_login_is_throttled_exactly_like_a_known_one(sign_in, ada, clock):
    """Answer by answer and wait by wait: the delay must not tell who has an account."""
    told = {"ada": [], "nobody": []}
    for _ in range(30):
        for number, (login, answers) in enumerate(told.items()):
            answers.append(outcome(sign_in, login, "not the password at all", f"192.0.2.{number}"))
        clock.now += timedelta(seconds=1)
    assert told["ada"] == told["nobody"]
    assert {name for name, _ in told["ada"]} == {"CredentialsInvalid", "TooManySignIns"}


def test_the_right_password_waits_like_a_wrong_one(sign_in, ada, passwords):
    """Or the end of the wait could be guessed at without waiting; and no hash is spent on it."""
    for _ in range(PAIR.free):
        outcome(sign_in, "ada", "not the password at all")
    passwords.verified.clear()
    assert outcome(sign_in, "ada", PASSWORD) == outcome(sign_in, "ada", "not the password at all")
    assert passwords.verified == []


def test_every_attempt_is_an_event_and_none_says_what_was_typed(sign_in, ada, unit_of_work):
    """Throttled ones too: the log shows the whole attack."""
    for _ in range(PAIR.free + 2):
        outcome(sign_in, "ada", "not the password at all")
    reasons = [change.changes["reason"][1] for change in unit_of_work.changes]
    assert reasons == ["wrong_password"] * PAIR.free + ["throttled"] * 2
    assert "ada" not in str(unit_of_work.store.throttles)


def test_what_was_typed_cannot_be_found_in_the_counts_without_the_pepper(sign_in, unit_of_work, clock):
    """People type passwords where the login belongs; a stolen table must not answer guesses."""
    outcome(sign_in, "hunter2", "x")
    with_another = Attempts(unit_of_work, clock, b"another")._keys("login\nhunter2", "192.0.2.1")
    with_this = Attempts(unit_of_work, clock, b"pepper")._keys("login\nhunter2", "192.0.2.1")
    assert set(with_this) == set(unit_of_work.store.throttles)
    assert set(with_another).isdisjoint(unit_of_work.store.throttles)


def test_signing_in_all_day_counts_for_nothing(sign_in, ada, unit_of_work, clock):
    """Scripts do; what they count is given back, and their place is known."""
    assert {outcome(sign_in, "ada", PASSWORD) for _ in range(100)} == {("signed in", 0)}
    counts = [throttle for throttle, _ in unit_of_work.store.throttles.values()]
    assert [throttle.failures for throttle in counts] == [0, 0, 0]
    assert [throttle.succeeded_at for throttle in counts if throttle.succeeded_at] == [clock.now]


def test_neither_an_inactive_account_nor_a_full_queue_is_a_failure(sign_in, ada, unit_of_work, passwords):
    """The password was right, or nobody looked at it."""
    account = unit_of_work.store.accounts[ada.user_id]
    inactive = replace(account, user=replace(ada, user_state=State.INACTIVE))
    unit_of_work.store.accounts[ada.user_id] = inactive
    assert {outcome(sign_in, "ada", PASSWORD)[0] for _ in range(40)} == {"AccountInactive"}
    unit_of_work.store.accounts[ada.user_id] = account

    def busy(_hash, _password):
        raise TooManySignIns("busy", 2.0)

    passwords.verify = busy
    assert {outcome(sign_in, "ada", PASSWORD) for _ in range(40)} == {("TooManySignIns", 2.0)}
    assert {throttle.failures for throttle, _ in unit_of_work.store.throttles.values()} == {0}


def test_guessing_the_old_password_in_a_stolen_session_is_slowed_down_too(
    credentials, unit_of_work, attempts, passwords, hash_password, clock, calling, ada
):
    """It would be the way around; a new password that breaks a rule is no guess."""
    prove = ProvePassword(credentials, unit_of_work, attempts, passwords)
    change = ChangePassword(unit_of_work, prove, attempts, hash_password, clock)
    caller = replace(calling(ada, scope="own"), client_ip="192.0.2.1")
    for _ in range(40):
        with pytest.raises(FieldRefused):
            change(caller, PASSWORD, "short")
    told = [outcome(change, caller, "not the password at all", "staple of another stable")[0] for _ in range(9)]
    assert told == ["CredentialsInvalid"] * PAIR.free + ["TooManySignIns"] * (9 - PAIR.free)
