"""One suite for the ports of a transaction, run on the fake and on every engine: the fake must not promise more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import signet_identity
from signet_common.keyring.ciphers import Keyring
from signet_common.passport import Passport
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_common.sql.outbox import Outbox
from signet_identity.adapters.outbound.credentials import SqlCredentials
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.queries import SqlAccounts
from signet_identity.adapters.outbound.tables import OUTBOX
from signet_identity.bootstrap.persistence import unit_of_work as sql_unit_of_work
from signet_identity.domain.credentials import (
    ApiKey,
    NewApiKey,
    Session,
    SessionLifetime,
    new_api_key,
    new_session,
    token_digest,
)
from signet_identity.domain.errors import Duplicate, VersionConflict
from signet_identity.domain.logins import LoginKind
from signet_identity.domain.roles import SEEDED_ROLES
from signet_identity.domain.single_use_tokens import Purpose, SingleUseToken
from signet_identity.domain.users import NewUser, State, User

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
CALLER = Passport(issuer="gateway", audience="identity", request_id="r1", method="POST", target="/", body_sha256="")
DATABASES = [
    "fake",
    "sqlite",
    pytest.param("mariadb", marks=pytest.mark.servers),
    pytest.param("postgresql", marks=pytest.mark.servers),
]


class House:
    """A unit of work and the readers beside it, whichever adapters they are."""

    def __init__(self, unit_of_work, accounts, credentials):
        self._unit_of_work = unit_of_work
        self.accounts = accounts
        self.credentials = credentials

    def do(self, work, result=type(None)):
        return self._unit_of_work.execute(CALLER, work, result)

    def add_user(self, user_name="ada", **fields):
        new = NewUser(user_name, **fields)
        return self.do(lambda t: t.users.add(new, password_hash="a hash", by=7, at=NOW), User)


@pytest.fixture(params=DATABASES)
def house(request, tmp_path):
    if request.param == "fake":
        fake = request.getfixturevalue("unit_of_work")
        credentials = request.getfixturevalue("credentials")
        yield House(fake, credentials, credentials)
        return
    server = None if request.param == "sqlite" else request.getfixturevalue(request.param)
    url = server.create_database() if server else f"sqlite:///{tmp_path}/identity.sqlite3"
    upgrade(url, migrations_folder(signet_identity.__file__))
    database, keyring = Database.open(url, grouped=False), Keyring("k1", {"k1": b"k" * 32})
    work = sql_unit_of_work(database, keyring, EventMap(Outbox(OUTBOX)))
    work.execute(CALLER, lambda transaction: transaction.roles.seed(SEEDED_ROLES, at=NOW), list)
    yield House(work, SqlAccounts(database), SqlCredentials(database, keyring))
    database.close()
    if server:
        server.drop_database(url)


def test_a_user_comes_back_as_it_was_added(house):
    """To the microsecond and in UTC, whatever the engine keeps."""
    added = house.add_user(email="ada@example.org", display_name="Ada 🐎", roles=("user", "auditor"))
    assert house.do(lambda t: t.users.get(added.user_id), User) == added
    assert (added.created_at, added.created_by, added.version) == (NOW, 7, 1)
    assert added.roles == ("auditor", "user")
    assert house.do(lambda t: t.users.get(999)) is None


def test_every_login_finds_its_account_and_no_other(house):
    """Lookups are binary, and absent addresses are nobody's."""
    ada = house.add_user(email="ada@example.org", phone="+4930")
    house.add_user("bob")
    for kind, login in ((LoginKind.USER_NAME, "ada"), (LoginKind.EMAIL, "ada@example.org"), (LoginKind.PHONE, "+4930")):
        account = house.accounts.by_login(kind, login)
        assert (account.user, account.password_hash) == (ada, "a hash")
        assert house.accounts.by_login(kind, login + " ") is None
    assert house.accounts.by_login(LoginKind.USER_NAME, "Ada") is None


@pytest.mark.parametrize("field", ["user_name", "email", "phone"])
def test_a_unique_value_is_given_once(house, field):
    """Adding and saving refuse alike, and name the field."""
    taken = {"user_name": "ada", "email": "ada@example.org", "phone": "+4930"}
    house.add_user(**taken)
    with pytest.raises(Duplicate) as refused:
        house.add_user(**({"user_name": "bob"} | {field: taken[field]}))
    assert refused.value.field == field
    if field != "user_name":
        eve = house.add_user("eve")
        with pytest.raises(Duplicate):
            house.do(lambda t: t.users.save(replace(eve, version=2, **{field: taken[field]})))


def test_a_save_replaces_the_version_before_it_alone(house):
    """Two changes of one version: the second is told."""
    ada = house.add_user(roles=("user",))
    changed = replace(ada, version=2, roles=("operator",), user_state=State.INACTIVE, email="ada@example.org")
    house.do(lambda t: t.users.save(changed))
    assert house.do(lambda t: t.users.get(ada.user_id), User) == changed
    with pytest.raises(VersionConflict):
        house.do(lambda t: t.users.save(changed))


def test_active_administrators_are_counted_by_role_and_state(house):
    """The count keeps the last one in office."""
    assert not house.do(lambda t: t.users.any_administrator(), bool)
    ada = house.add_user(roles=("administrator",))
    house.add_user("bob", roles=("operator",))
    assert house.do(lambda t: t.users.count_active_administrators(), int) == 1
    house.do(lambda t: t.users.save(replace(ada, version=2, user_state=State.INACTIVE)))
    assert house.do(lambda t: t.users.count_active_administrators(), int) == 0
    assert house.do(lambda t: t.users.any_administrator(), bool)


def test_seeding_adds_what_is_missing(house):
    """A role that is there stays as it is."""
    assert house.do(lambda t: t.roles.seed(SEEDED_ROLES, at=NOW), list) == []
    named = house.do(lambda t: t.roles.named(["user", "nobody"]), dict)
    assert list(named) == ["user"]
    assert set(named["user"].permissions) == set(SEEDED_ROLES["user"].permissions)


def test_what_fails_leaves_nothing_behind(house):
    """All of a unit of work or none of it."""

    def half(transaction):
        transaction.users.add(NewUser("ada"), password_hash=None, by=None, at=NOW)
        raise VersionConflict

    with pytest.raises(VersionConflict):
        house.do(half)
    assert house.accounts.by_login(LoginKind.USER_NAME, "ada") is None


def test_a_key_signs_with_the_secret_that_it_was_given_until_it_is_revoked(house):
    """The secret goes in and comes out whole, through whatever keeps it."""
    ada, new = house.add_user(), new_api_key()
    end = NOW + timedelta(hours=1)
    wanted = NewApiKey(ada.user_id, "laptop", None, ("demo:query",), end)
    key = house.do(lambda t: t.api_keys.add(new, wanted, by=7, at=NOW), ApiKey)
    found = house.credentials.api_key(new.credential, NOW)
    assert (found.secret, found.user_id, found.credential_id) == (new.secret, ada.user_id, f"api_key/{key.api_key_id}")
    assert (found.credential_state, found.expires_at) == (State.ACTIVE, end)
    assert house.credentials.api_key(new.credential, end).credential_state is State.INACTIVE
    revoked = replace(key, api_key_state=State.INACTIVE, version=2)
    house.do(lambda t: t.api_keys.save(revoked))
    assert house.credentials.api_key(new.credential, NOW).credential_state is State.INACTIVE
    with pytest.raises(VersionConflict):
        house.do(lambda t: t.api_keys.save(revoked))


def add_session(house, user_id, credential, *, hours, idle):
    lifetime = SessionLifetime(timedelta(hours=hours), timedelta(hours=idle))
    place = {"user_id": user_id, "client_ip": "2001:db8::1", "at": NOW}
    return house.do(lambda t: t.sessions.add(credential, lifetime, **place), Session)


def test_a_session_is_found_by_its_token_until_it_ends(house):
    """By expiry or by signing out."""
    ada, new, other = house.add_user(), new_session(), new_session()
    end = NOW + timedelta(hours=1)
    digest = token_digest(new.credential)
    session = add_session(house, ada.user_id, new, hours=1, idle=1)
    assert session == Session(session.session_id, ada.user_id, NOW, NOW, end, end, "2001:db8::1")
    add_session(house, ada.user_id, other, hours=1, idle=1)
    found = house.credentials.session(digest, NOW)
    assert (found.secret, found.user_id, found.expires_at) == (new.secret, ada.user_id, end)
    assert house.credentials.session(digest, end) is None
    assert house.do(lambda t: t.sessions.end(session.session_id), bool)
    assert not house.do(lambda t: t.sessions.end(session.session_id), bool)
    assert house.credentials.session(digest, NOW) is None
    assert house.credentials.session(token_digest(other.credential), NOW) is not None


def test_use_prolongs_a_session_once_a_minute_and_never_past_its_end(house):
    """A grant outlives neither the idle nor the absolute end; what nobody uses ends by itself."""
    ada, new = house.add_user(), new_session()
    digest = token_digest(new.credential)
    session = add_session(house, ada.user_id, new, hours=3, idle=1)
    ends = []
    for minutes in (0.9, 1, 1.5, 60.5, 120, 179):
        at = NOW + timedelta(minutes=minutes)
        ends.append((house.credentials.session(digest, at).expires_at - NOW) / timedelta(minutes=1))
        stored = house.do(lambda t: t.sessions.get(session.session_id), Session)
        assert at - stored.last_used_at < timedelta(minutes=1)
    assert ends == [60, 61, 61, 120.5, 180, 180]
    assert house.credentials.session(digest, NOW + timedelta(hours=3)) is None


def test_an_unused_session_ends(house):
    """Whoever finds the token afterwards finds nothing; asking does not bring it back."""
    ada, new = house.add_user(), new_session()
    add_session(house, ada.user_id, new, hours=3, idle=1)
    for hours in (1, 2, 0.5):
        found = house.credentials.session(token_digest(new.credential), NOW + timedelta(hours=hours))
        assert (found is None) == (hours >= 1)


def test_the_session_of_an_inactive_user_runs_out(house):
    """Its requests are refused, so asking with it must not keep it alive until the account is switched on again."""
    ada, new = house.add_user(), new_session()
    add_session(house, ada.user_id, new, hours=3, idle=1)
    house.do(lambda t: t.users.save(replace(ada, version=2, user_state=State.INACTIVE)))
    found = [house.credentials.session(token_digest(new.credential), NOW + timedelta(minutes=at)) for at in (50, 70)]
    assert [session is not None for session in found] == [True, False]


def test_rights_unite_the_roles_of_the_moment(house):
    """Inside the transaction and for grants alike."""
    ada = house.add_user(roles=("user", "auditor"))
    roles, rights = house.credentials.roles_of(ada.user_id)
    assert roles == ("auditor", "user")
    assert rights.scopes["demo:query"] == "any"
    assert rights.scopes["demo:create"] == "own"
    assert house.do(lambda t: t.roles.rights_of(ada.user_id), object) == rights
    assert house.do(lambda t: t.roles.rights_of(999), object).scopes == {}


def test_a_single_use_token_is_used_up_once_for_its_purpose_and_in_its_time(house):
    """Whoever brings it second, late or elsewhere gets nothing."""
    ada, end = house.add_user(), NOW + timedelta(minutes=30)
    token = SingleUseToken(ada.user_id, Purpose.PASSWORD_RESET, "ada@example.org", end, None)
    house.do(lambda t: t.single_use_tokens.add("a" * 64, token, at=NOW))
    use = lambda purpose, at: house.do(lambda t: t.single_use_tokens.use("a" * 64, purpose, at), object)  # noqa: E731
    assert use(Purpose.EMAIL_CONFIRMATION, NOW) is None
    assert use(Purpose.PASSWORD_RESET, end) is None
    assert use(Purpose.PASSWORD_RESET, NOW) == token
    assert use(Purpose.PASSWORD_RESET, NOW) is None


def test_tokens_are_counted_voided_and_forgotten(house):
    """Per user and purpose; those of nobody count for nobody."""
    ada, bob, hour = house.add_user(), house.add_user("bob"), timedelta(hours=1)
    kept = [
        ("a" * 64, ada.user_id, Purpose.PASSWORD_RESET),
        ("b" * 64, ada.user_id, Purpose.EMAIL_CONFIRMATION),
        ("c" * 64, bob.user_id, Purpose.PASSWORD_RESET),
        ("d" * 64, None, Purpose.PASSWORD_RESET),
    ]

    def add(transaction):
        for digest, user_id, purpose in kept:
            transaction.single_use_tokens.add(digest, SingleUseToken(user_id, purpose, "", NOW + hour, None), at=NOW)

    def counts(since):
        return [
            len(house.do(lambda t, u=user: t.single_use_tokens.made_at(u, Purpose.PASSWORD_RESET, since=since), list))
            for user in (ada.user_id, bob.user_id, None)
        ]

    def is_open(digest, purpose):
        return house.do(lambda t: t.single_use_tokens.use(digest, purpose, NOW), object) is not None

    house.do(add)
    assert counts(NOW - hour) == [1, 1, 0]
    assert counts(NOW) == [0, 0, 0]
    ada = replace(ada, version=2, password_changed_at=NOW)
    house.do(lambda t: t.users.set_password(ada, "another hash"))
    assert [is_open(digest, purpose) for digest, _, purpose in kept[:3]] == [False, False, True]


@pytest.mark.parametrize(
    ("change", "stays_open"),
    [({"display_name": "Ada"}, True), ({"email": "other@example.org"}, False), ({"user_state": State.INACTIVE}, False)],
)
def test_a_token_is_void_for_good_once_its_user_is_another_one(house, change, stays_open):
    """Whoever reads the old mailbox must not wait until the address, or the account, comes back."""
    ada = house.add_user(email="ada@example.org")
    token = SingleUseToken(ada.user_id, Purpose.PASSWORD_RESET, "ada@example.org", NOW + timedelta(hours=1), None)
    house.do(lambda t: t.single_use_tokens.add("a" * 64, token, at=NOW))
    house.do(lambda t: t.users.save(replace(ada, version=2, **change)))
    house.do(lambda t: t.users.save(replace(ada, version=3)))
    used = house.do(lambda t: t.single_use_tokens.use("a" * 64, Purpose.PASSWORD_RESET, NOW), object)
    assert (used is not None) is stays_open


def test_keys_that_others_made_are_found_by_user_and_by_role(house):
    """Not those of the user, of the deployment, or revoked ones."""
    ada, bob = house.add_user(roles=("user",)), house.add_user("bob", roles=("auditor",))
    makers = {"own": ada.user_id, "deployment": None, "foreign": bob.user_id, "revoked": bob.user_id}

    def add(transaction):
        for name, maker in makers.items():
            transaction.api_keys.add(new_api_key(), NewApiKey(ada.user_id, name), by=maker, at=NOW)
        transaction.api_keys.add(new_api_key(), NewApiKey(bob.user_id, "of bob"), by=ada.user_id, at=NOW)
        revoked = transaction.api_keys.get(4)
        transaction.api_keys.save(replace(revoked, version=2, api_key_state=State.INACTIVE))

    def names(**which):
        return [key.key_name for key in house.do(lambda t: t.api_keys.made_by_others(**which), list)]

    house.do(add)
    assert names(user_id=ada.user_id) == names(role_name="user") == ["foreign"]
    assert (names(role_name="auditor"), names()) == (["of bob"], ["foreign", "of bob"])


def test_a_name_is_taken_in_every_case_of_its_letters(house):
    """Adding refuses it by its field; signing in finds the one spelling alone."""
    house.add_user("Ada")
    with pytest.raises(Duplicate) as refused:
        house.add_user("aDA")
    assert refused.value.field == "user_name"
    assert house.accounts.by_login(LoginKind.USER_NAME, "ada") is None
