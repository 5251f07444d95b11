"""What goes by mail, with fakes: who gets one, what is in it, and what a token does when it comes back."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from signet_identity.application.complete_password_reset import CompletePasswordReset
from signet_identity.application.confirm_email import ConfirmEmail, RequestEmailConfirmation
from signet_identity.application.mail import MAILS_PER_HOUR
from signet_identity.application.request_password_reset import RequestPasswordReset
from signet_identity.application.update_user import UpdateUser, UserUpdate
from signet_identity.domain.credentials import SessionLifetime, new_session, token_digest
from signet_identity.domain.errors import FieldRefused, TokenRefused, TooManyMails
from signet_identity.domain.users import State

LIFETIME = timedelta(minutes=30)
EMAIL = "ada@example.org"
PASSWORD = "staple of another stable"


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def time(clock):
    return Clock(clock())


@pytest.fixture
def ask(credentials, unit_of_work, time, calling):
    request = RequestPasswordReset(credentials, unit_of_work, time, LIFETIME)
    return lambda login: request(calling(None), login)


@pytest.fixture
def complete(credentials, unit_of_work, attempts, hash_password, time, calling):
    completion = CompletePasswordReset(credentials, unit_of_work, attempts, hash_password, time)
    return lambda token, password=PASSWORD: completion(calling(None), token, password)


@pytest.fixture
def ask_confirmation(unit_of_work, time, calling):
    request = RequestEmailConfirmation(unit_of_work, time, LIFETIME)
    return lambda user: request(calling(user, scope="own"))


@pytest.fixture
def confirm(credentials, unit_of_work, time, calling):
    confirmation = ConfirmEmail(credentials, unit_of_work, time)
    return lambda token: confirmation(calling(None), token)


@pytest.fixture
def ada(add_user):
    return add_user("ada", "user", email=EMAIL, password_hash="drowssap")


@pytest.fixture
def mails(unit_of_work, time):
    """The bodies of the commands that will leave."""
    return lambda: [json.loads(c.body) for c in unit_of_work.store.commands if c.expires_at > time.now]


def token_in(mail):
    return mail["values"]["token"]


def outcomes(unit_of_work):
    return [c.changes["outcome"][1] for c in unit_of_work.changes if c.operation == "insert"]


def test_whoever_forgot_a_password_gets_one_mail_with_a_token(ask, ada, mails, unit_of_work, time):
    """The token is in the mail alone: what is kept is its digest."""
    ask("ada")
    [mail] = mails()
    assert (mail["to"], mail["template"], mail["values"]["user_name"]) == (EMAIL, "password_reset", "ada")
    [(digest, token)] = unit_of_work.store.tokens.items()
    assert digest == token_digest(token_in(mail))
    assert (token.user_id, token.subject, token.expires_at) == (ada.user_id, EMAIL, time.now + LIFETIME)
    assert token_in(mail) not in str(unit_of_work.changes) + str(unit_of_work.store.commands)


@pytest.mark.parametrize(
    ("login", "outcome"),
    [
        ("nobody", "unknown_login"),
        ("idle", "user_inactive"),
        ("bare", "no_email"),
        ("robot", "no_password"),
        ("ada", "mailed"),
    ],
)
def test_every_login_costs_the_same_writes(ask, ada, add_user, unit_of_work, mails, login, outcome):
    """One token, one command, one event each: nothing to measure. Only one of them leaves the house."""
    idle = add_user("idle", email="idle@example.org", password_hash="x")
    unit_of_work.store.accounts[idle.user_id] = inactive(unit_of_work.store.accounts[idle.user_id])
    add_user("bare", password_hash="x")
    add_user("robot", email="robot@example.org")
    ask(login)
    store = unit_of_work.store
    assert (len(store.tokens), len(store.commands), outcomes(unit_of_work)) == (1, 1, [outcome])
    assert len(mails()) == (outcome == "mailed")
    assert store.token_calls == ["made_at", "add"]


def inactive(account):
    return replace(account, user=replace(account.user, user_state=State.INACTIVE))


def test_a_mailbox_is_not_filled(ask, ada, mails, unit_of_work, time):
    """Some mails an hour to one account, whoever asks; the answer does not tell."""
    for _ in range(MAILS_PER_HOUR + 2):
        ask(EMAIL)
    assert len(mails()) == MAILS_PER_HOUR
    assert outcomes(unit_of_work)[-2:] == ["too_many", "too_many"]
    time.now += timedelta(hours=1)
    ask(EMAIL)
    assert outcomes(unit_of_work)[-1] == "mailed"


def test_a_reset_sets_the_password_and_ends_every_session(ask, complete, ada, mails, unit_of_work, time, calling):
    """Whoever had got in is out; the log says who, how and when, and which sessions ended."""
    for _ in range(2):
        new = new_session()
        unit_of_work.execute(calling(None), lambda t, n=new: add_session(t, n, ada, time.now), object)
    ask("ada")
    complete(token_in(mails()[0]))
    account = unit_of_work.store.accounts[ada.user_id]
    assert account.password_hash == PASSWORD[::-1]
    assert (account.user.version, account.user.password_changed_at) == (2, time.now)
    assert unit_of_work.store.sessions == {}
    told = [(c.resource, c.operation) for c in unit_of_work.changes][-4:]
    assert told == [("user", "update"), ("session", "delete"), ("session", "delete"), ("password_reset", "complete")]
    assert PASSWORD not in str(unit_of_work.changes)


def add_session(transaction, new, user, now):
    return transaction.sessions.add(
        new, SessionLifetime(LIFETIME, LIFETIME), user_id=user.user_id, client_ip="", at=now
    )


def test_a_token_works_once(ask, complete, ada, mails):
    """A mail that somebody finds later opens nothing."""
    ask("ada")
    token = token_in(mails()[0])
    complete(token)
    with pytest.raises(TokenRefused):
        complete(token, "yet another password")


def test_a_used_token_voids_the_others_of_its_user(ask, complete, ask_confirmation, confirm, ada, mails):
    """Whoever asked thrice because mail is slow leaves no door open."""
    ask("ada")
    ask("ada")
    ask_confirmation(ada)
    first, second, confirmation = map(token_in, mails())
    complete(second)
    with pytest.raises(TokenRefused):
        complete(first)
    with pytest.raises(TokenRefused):
        confirm(confirmation)


def test_a_token_ends(ask, complete, ada, mails, time, passwords):
    """A mailbox that is read by somebody else next week opens nothing; and no hash is computed for it."""
    ask("ada")
    token = token_in(mails()[0])
    time.now += LIFETIME
    with pytest.raises(TokenRefused):
        complete(token)


def test_a_token_of_another_purpose_is_none(ask, ask_confirmation, complete, confirm, ada, mails):
    """Reading a mailbox proves an address; it sets a password only where somebody asked for that."""
    ask("ada")
    ask_confirmation(ada)
    reset, confirmation = map(token_in, mails())
    with pytest.raises(TokenRefused):
        complete(confirmation)
    with pytest.raises(TokenRefused):
        confirm(reset)


def test_a_made_up_token_costs_no_hash(complete, hash_password, ada):
    """Whoever makes tokens up must not keep the cores busy; the password, common as it is, is not even looked at."""
    with pytest.raises(TokenRefused):
        complete("x" * 43, "qwertyqwerty")


def test_a_refused_password_does_not_cost_the_token(ask, complete, ada, mails, unit_of_work):
    """The policy is that of every password, and the next try needs no other mail."""
    ask("ada")
    token = token_in(mails()[0])
    for refused in ("short", "qwertyqwerty", "ada and some more"):
        with pytest.raises(FieldRefused, match="new_password"):
            complete(token, refused)
    complete(token)
    assert unit_of_work.store.accounts[ada.user_id].password_hash == PASSWORD[::-1]


@pytest.mark.parametrize("change", [{"contact": {"email": "eve@example.org"}}, {"user_state": State.INACTIVE}])
def test_a_token_ends_with_the_address_or_account_that_it_was_sent_to(
    ask, complete, ask_confirmation, confirm, ada, add_user, mails, unit_of_work, time, calling, change
):
    """A mailbox that was given up, or an account that was switched off, sets no password and proves nothing."""
    ask("ada")
    ask_confirmation(ada)
    reset, confirmation = map(token_in, mails())
    admin = add_user("admin", "administrator")
    UpdateUser(unit_of_work, time)(calling(admin), UserUpdate(ada.user_id, **change))
    with pytest.raises(TokenRefused):
        complete(reset)
    with pytest.raises(TokenRefused):
        confirm(confirmation)


def test_an_address_is_confirmed_with_the_token_that_went_there(ask_confirmation, confirm, ada, mails, unit_of_work):
    """And the log tells of it as of any change of the account."""
    ask_confirmation(ada)
    [mail] = mails()
    assert (mail["to"], mail["template"]) == (EMAIL, "email_confirmation")
    confirm(token_in(mail))
    user = unit_of_work.store.accounts[ada.user_id].user
    assert user.email_confirmed_at is not None
    assert (unit_of_work.changes[-1].resource, unit_of_work.changes[-1].object_version) == ("user", 2)
    assert list(unit_of_work.changes[-1].changes) == ["email_confirmed_at"]
    with pytest.raises(TokenRefused):
        confirm(token_in(mail))
    with pytest.raises(FieldRefused, match="confirmed already"):
        ask_confirmation(user)


def test_another_address_is_unconfirmed(ask_confirmation, confirm, ada, mails, unit_of_work, time, calling, add_user):
    """What was proven of one mailbox says nothing of the next."""
    ask_confirmation(ada)
    confirm(token_in(mails()[0]))
    admin = add_user("admin", "administrator")
    contact = {"email": "other@example.org"}
    changed = UpdateUser(unit_of_work, time)(calling(admin), UserUpdate(ada.user_id, contact))
    assert changed.email_confirmed_at is None


def test_confirmation_needs_an_address_and_patience(ask_confirmation, ada, add_user, time):
    """The caller is known, so the reason may be said, and when the oldest of the mails counts no more."""
    with pytest.raises(FieldRefused, match="has none"):
        ask_confirmation(add_user("bare"))
    for minutes in (0, 10, 20):
        time.now += timedelta(minutes=minutes)
        ask_confirmation(ada)
    with pytest.raises(TooManyMails) as refused:
        ask_confirmation(ada)
    assert refused.value.retry_after == timedelta(minutes=30).total_seconds()
    time.now += timedelta(minutes=30)
    ask_confirmation(ada)
    with pytest.raises(TooManyMails) as refused:
        ask_confirmation(ada)
    assert refused.value.retry_after == timedelta(minutes=10).total_seconds()
