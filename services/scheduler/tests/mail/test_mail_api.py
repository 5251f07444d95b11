"""The API of mails, as its clients see it."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from services.scheduler.tests.mail.conftest import Api

from signet_scheduler.adapters.outbound.tables import OUTBOX, RUNS

MAILS = "/api/v1/mails"
ORDER: dict[str, Any] = {
    "to": ["ann@example.org", "Bob@example.org"],
    "template": "notice",
    "language": "zh",
    "values": {"subject_line": "维护", "text": "hunter2"},
}


def create(api: Api, body: Any = ORDER, **options: Any) -> Any:
    return api.call("POST", MAILS, body, **options).json


def test_each_address_gets_a_mail_of_its_own_that_waits(api: Api) -> None:
    """In the order of the addresses; what it says is sealed, and shown to nobody."""
    answer = create(api)
    assert answer["return_code"] == 200, answer
    ann, bob = answer["data"]["mails"]
    assert [mail["to_address"] for mail in (ann, bob)] == ["ann@example.org", "Bob@example.org"]
    assert (ann["mail_state"], ann["template"], ann["language"], ann["attempts"]) == ("waiting", "notice", "zh", 0)
    assert (ann["reply"], ann["sent_at"], ann["created_by"], ann["version"]) == (None, None, 7, 1)
    assert {run["run_id"] for run in api.post.rows(RUNS)} == {ann["run_id"], bob["run_id"]}
    assert [name for name, _ in api.post.events()] == ["mail.insert", "mail.insert"]
    assert "hunter2" not in repr([answer, api.post.rows(), api.post.rows(OUTBOX), api.post.rows(RUNS)])


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("no address", {"to": []}, "to"),
    ("one that is none", {"to": ["a@x.org", "b@x.org", "c@x.org", "nobody"]}, "to.3"),
    ("a list in one", {"to": ["a@x.org,b@x.org"]}, "to.0"),
    ("a header in one", {"to": ["a@x.org\r\nBcc: b@x.org"]}, "to.0"),
    ("a name with one", {"to": ["Ann <a@x.org>"]}, "to.0"),
    ("one twice", {"to": ["a@x.org", "A@x.org"]}, "to"),
    ("too many", {"to": [f"a{n}@x.org" for n in range(51)]}, "to"),
    ("no list", {"to": "a@x.org"}, "to"),
    ("a template that there is not", {"template": "no_such"}, "template"),
    ("a template for commands alone", {"template": "password_reset"}, "template"),
    ("a language that there is not", {"language": "tlh"}, "language"),
    ("a value that nobody asked for", {"values": ORDER["values"] | {"token": "x"}}, "values.token"),
    ("a value that is missing", {"values": {"text": "x"}}, "values.subject_line"),
    ("a header in the subject", {"values": {"subject_line": "x\r\nBcc: b@x.org", "text": "x"}}, "values.subject_line"),
    ("a long subject", {"values": {"subject_line": "x" * 201, "text": "x"}}, "values.subject_line"),
    ("a long text", {"values": {"subject_line": "x", "text": "x" * 20_001}}, "values.text"),
    ("a control character", {"values": {"subject_line": "x", "text": "x\x1b[31m"}}, "values.text"),
    ("an unknown field", {"cc": ["a@x.org"]}, "cc"),
]


@pytest.mark.parametrize(("what", "change", "field"), WRONG, ids=[what for what, _, _ in WRONG])
def test_each_wrong_thing_is_named(api: Api, what: str, change: dict[str, Any], field: str) -> None:
    """Nothing is sent to anybody for that, and the answer repeats nothing of it."""
    answer = create(api, ORDER | change)
    assert answer["return_code"] == 400002
    assert field in [error["field"] for error in answer["data"]["errors"]]
    assert "Bcc" not in json.dumps(answer)
    assert api.post.rows() == []


@pytest.mark.parametrize("missing", ["to", "template", "values"])
def test_what_is_missing_is_named(api: Api, missing: str) -> None:
    answer = create(api, {name: value for name, value in ORDER.items() if name != missing})
    assert (answer["return_code"], answer["data"]["errors"][0]["field"]) == (400002, missing)


def test_a_hundred_thousand_addresses_are_refused_at_once(api: Api) -> None:
    """Only as many are looked at as may be there: of those behind them nobody hears that they are none."""
    answer = create(api, ORDER | {"to": [f"a{n}@x.org" if n < 60 else "nobody" for n in range(100_000)]})
    assert (answer["return_code"], [error["field"] for error in answer["data"]["errors"]]) == (400002, ["to"])


def test_an_address_that_gets_no_more_mails_is_named_and_nobody_gets_one(api: Api) -> None:
    """All or nothing: whoever asks again does not send to the others twice."""
    for _ in range(3):
        create(api, ORDER | {"to": ["Full@example.org"]})
    answer = create(api, ORDER | {"to": ["ann@example.org", "full@example.org"]})
    assert answer["return_code"] == 429001
    assert answer["return_msg"] == "full@example.org has been sent 3 mails within an hour"
    assert len(api.post.rows()) == 3


def test_a_sender_asks_for_so_many_mails_an_hour_to_whomever(api: Api) -> None:
    """Fifty addresses a request, twenty requests a second: the limit per address says nothing about those."""
    for _ in range(2):
        assert create(api, ORDER | {"to": [f"a{n}@x.org" for n in range(4)]})["return_code"] == 200
    answer = create(api, ORDER | {"to": ["b1@x.org", "b2@x.org", "b3@x.org"]})
    assert (answer["return_code"], len(api.post.rows())) == (429001, 8)
    assert answer["return_msg"] == (
        "10 mails an hour are sent for one user: 8 have been asked for, and 3 more are too many"
    )
    assert create(api, ORDER, user_id=8)["return_code"] == 200


def test_mailboxes_that_look_alike_are_two(api: Api) -> None:
    """In German ß is no ss: each gets its mail, is shown as written, and counts for itself."""
    both = ["straße@example.org", "strasse@example.org"]
    assert [mail["to_address"] for mail in create(api, ORDER | {"to": both})["data"]["mails"]] == both
    for address in both:
        [mail] = api.call("GET", f"{MAILS}?to_address={quote(address)}").json["data"]["mails"]
        assert mail["to_address"] == address


def test_a_repeat_under_one_key_sends_nothing_twice(api: Api) -> None:
    """It gets the first answer, and the audit log hears of a read."""
    first, second = (create(api, idempotency_key="k" * 16) for _ in range(2))
    assert first == second
    assert len(api.post.rows()) == 2
    assert [name for name, _ in api.post.events()] == ["mail.insert"] * 2 + ["mail.query"] * 2


def test_mails_are_found_by_the_spelling_that_they_were_asked_for_in(api: Api) -> None:
    """A domain of other letters has two; and what is no address finds what was refused for that."""
    create(api, ORDER | {"to": ["ann@xn--bcher-kva.example"]})
    for address in ("ann@xn--bcher-kva.example", "ann@bücher.example"):
        [mail] = api.call("GET", f"{MAILS}?to_address={quote(address)}").json["data"]["mails"]
        assert mail["to_address"] == "ann@bücher.example"
    assert api.call("GET", f"{MAILS}?to_address=nobody").json["data"]["mails"] == []


def test_mails_are_listed_newest_first_and_narrowed(api: Api) -> None:
    """By address in any case and with any tag, template, state and day; a page says whether there is another one."""
    create(api)
    create(api, ORDER | {"to": ["carl@example.org"]})

    def listed(query: str = "", **claims: Any) -> list[str]:
        answer = api.call("GET", MAILS + query, **claims).json
        assert answer["return_code"] == 200, answer
        return [mail["to_address"] for mail in answer["data"]["mails"]]

    assert listed()[0] == "carl@example.org"
    assert listed("?to_address=BOB@example.org") == ["Bob@example.org"]
    assert listed("?to_address=bob%2Btag@example.org") == ["Bob@example.org"]
    assert listed("?template=notice&mail_state=waiting&per_page=1&page=3") == ["ann@example.org"]
    assert listed("?mail_state=sent") == listed("?create_date_end=2000-01-01") == listed("?template=nothing") == []
    assert listed(scope="own", user_id=8) == []
    assert len(listed(scope="own")) == 3
    assert api.call("GET", f"{MAILS}?mail_state=lost").json["return_code"] == 400002


def test_a_mail_is_read_by_whoever_may_see_it(api: Api) -> None:
    """Its state, never its content; of somebody else's there is nothing to see."""
    mail = create(api)["data"]["mails"][0]
    target = f"{MAILS}/{mail['mail_id']}"
    answer = api.call("GET", target)
    assert answer.json["data"] == mail
    assert answer.headers["ETag"] == '"1"'
    assert api.call("GET", target, scope="own", user_id=8).json["return_code"] == 404001
    assert api.call("GET", f"{MAILS}/999").json["return_code"] == 404001
    assert [name for name, _ in api.post.events()][-1] == "mail.query"
