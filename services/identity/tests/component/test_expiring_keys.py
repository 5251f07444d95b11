"""Owners of API keys that end soon are reminded by mail, once for each end, on every engine."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from services.identity.tests.component.conftest import KEYS
from sqlalchemy import update

from signet_identity.adapters.outbound.tables import API_KEYS, USERS
from signet_identity.application.remind_expiring_keys import BATCH, RemindExpiringKeys
from signet_testing.jobs import ask

TARGET = "/internal/jobs/remind-expiring-keys"
SOON = timedelta(days=6)


def remind(api):
    answer = ask(api.client, "identity", KEYS["scheduler"], TARGET)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def confirm(api, user):
    confirmed = update(USERS).where(USERS.c.user_id == user["user_id"]).values(email_confirmed_at=datetime.now(UTC))
    api.service.database.write(lambda c: c.execute(confirmed) and None)


@pytest.fixture
def ada(api):
    user = api.user("ada", "user", email="ada@example.org")
    confirm(api, user)
    return user


def key(api, user, name, ends_in):
    """A key of a user; its end as it is shown."""
    ends = None if ends_in is None else (datetime.now(UTC) + ends_in).isoformat()
    body = {"user_id": user["user_id"], "key_name": name, "expires_at": ends}
    return api.data("POST", "/api/v1/api-keys", {name: value for name, value in body.items() if value is not None})


def keys_of(mail):
    """The names of the keys that it tells of."""
    values = mail["values"]
    return [values["api_key_name"], *(other["api_key_name"] for other in values.get("others", []))]


def test_the_owner_is_told_which_key_ends_and_when(api, ada):
    """And of those that end later, or never, nothing."""
    soon = key(api, ada, "nightly import", SOON)
    key(api, ada, "later", timedelta(days=8))
    key(api, ada, "for ever", None)
    assert remind(api) == {"reminded": 1, "finished": True}
    [mail] = api.mails()
    assert (mail["to"], mail["template"]) == ("ada@example.org", "api_key_expiring")
    assert mail["values"]["user_name"] == "ada"
    assert mail["values"]["api_key_name"] == "nightly import"
    told, ends = (datetime.fromisoformat(text) for text in (mail["values"]["expires_at"], soon["expires_at"]))
    assert told == ends.replace(microsecond=0)
    assert soon["secret"] not in str(mail)


def test_nobody_is_reminded_of_the_same_end_twice(api, ada):
    """A run that is repeated, and tomorrow's."""
    key(api, ada, "nightly", SOON)
    assert [remind(api)["reminded"] for _ in range(3)] == [1, 0, 0]
    assert len(api.mails()) == 1


def test_a_key_whose_end_is_moved_is_reminded_of_anew(api, ada):
    """What the first mail said is not true any more; another change of the key is no reason."""
    made = key(api, ada, "nightly", timedelta(days=2))
    remind(api)
    target = f"/api/v1/api-keys/{made['api_key_id']}"
    api.data("PATCH", target, {"description": "imports at night"})
    assert remind(api)["reminded"] == 0
    moved = (datetime.now(UTC) + SOON).isoformat()
    api.data("PATCH", target, {"expires_at": moved})
    assert [remind(api)["reminded"] for _ in range(2)] == [1, 0]
    assert api.mails()[1]["values"]["expires_at"][:16] == moved[:16]


def test_who_cannot_use_the_key_or_never_proved_the_mailbox_is_left_alone(api, ada):
    """A mail about a key is no business of an address that somebody may have mistyped."""
    unproven = api.user("bob", email="bob@example.org")
    without = api.user("cid")
    left = api.user("dan", email="dan@example.org")
    confirm(api, left)
    for user in (unproven, without, left):
        key(api, user, "k", SOON)
    api.data("PATCH", f"/api/v1/users/{left['user_id']}", {"user_state": "inactive"})
    revoked = key(api, ada, "revoked", SOON)
    api.call("DELETE", f"/api/v1/api-keys/{revoked['api_key_id']}")
    over = key(api, ada, "over", SOON)
    ended = update(API_KEYS).where(API_KEYS.c.api_key_id == over["api_key_id"])
    past = datetime.now(UTC) - timedelta(minutes=1)
    api.service.database.write(lambda c: c.execute(ended.values(expires_at=past)) and None)
    assert remind(api) == {"reminded": 0, "finished": True}
    assert api.mails() == []


def test_all_keys_of_an_owner_are_told_of_in_one_mail_the_first_to_end_first(api, ada):
    """As many mails would be more than an address gets in an hour, and the rest was lost."""
    bob = api.user("bob", "user", email="bob@example.org")
    confirm(api, bob)
    for hours, (user, name) in enumerate([(ada, "a1"), (bob, "b1"), (ada, "a2"), (bob, "b2"), (ada, "a3")]):
        key(api, user, name, timedelta(days=1, hours=hours))
    assert remind(api) == {"reminded": 5, "finished": True}
    assert [(mail["to"], keys_of(mail)) for mail in api.mails()] == [
        ("ada@example.org", ["a1", "a2", "a3"]),
        ("bob@example.org", ["b1", "b2"]),
    ]
    values = api.mails()[0]["values"]
    assert values["expires_at"] < values["others"][0]["expires_at"] < values["others"][1]["expires_at"]


def test_any_number_is_reminded_in_batches(sqlite_api):
    """A transaction holds few of them."""
    user = sqlite_api.user("ada", "user", email="ada@example.org")
    confirm(sqlite_api, user)
    for number in range(BATCH + 2):
        key(sqlite_api, user, f"k{number}", SOON + timedelta(seconds=number))
    assert remind(sqlite_api) == {"reminded": BATCH + 2, "finished": True}
    assert [len(keys_of(mail)) for mail in sqlite_api.mails()] == [BATCH, 2]


def test_a_request_ends_in_time_and_says_that_there_is_more():
    """The scheduler asks again."""
    times = iter(range(100))

    class Endless:
        def execute(self, caller, work, result):
            return BATCH

    reminded = RemindExpiringKeys(Endless(), lambda: datetime.now(UTC), lambda: next(times))(None)
    assert (reminded.reminded, reminded.finished) == (10 * BATCH, False)


def test_two_who_ask_at_once_send_each_mail_once(plain_api):
    """A run that was taken for dead may still be at work."""
    user = plain_api.user("ada", "user", email="ada@example.org")
    confirm(plain_api, user)
    for number in range(20):
        key(plain_api, user, f"k{number}", SOON)
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: remind(plain_api)["reminded"], range(2)))
    assert sum(told) == 20
    assert sorted(name for mail in plain_api.mails() for name in keys_of(mail)) == sorted(f"k{n}" for n in range(20))


@pytest.mark.parametrize("claims", [{"issuer": "gateway"}, {"authentication": "api_key", "user_id": 1}])
def test_nobody_else_has_mails_sent(sqlite_api, claims):
    """Not the gateway either, whoever stands behind it."""
    issuer = claims.pop("issuer", "scheduler")
    answer = ask(sqlite_api.client, "identity", KEYS[issuer], TARGET, issuer=issuer, **claims)
    assert answer.json["return_code"] == 401016
