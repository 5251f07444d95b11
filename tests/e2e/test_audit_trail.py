"""The audit log tells who did what, when and from where: reads, sign-ins and the reading of the log itself, too."""

import socket
import time
from datetime import datetime
from typing import Any

import pytest

from signet import ApiKeyCredential, Client
from signet.errors import CredentialsInvalid
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.people import add_person
from signet_testing.platform import Platform
from signet_testing.signed_api import RECORDS, SignedApi

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"


@pytest.mark.parametrize(
    ("method", "target", "service", "resource"),
    [
        ("GET", f"{DEMOS}?per_page=1", "resources", "demo"),
        ("GET", "/api/v1/users?per_page=1", "identity", "user"),
        ("GET", "/api/v1/users/me", "identity", "user"),
        ("GET", "/api/v1/roles", "identity", "role"),
        ("GET", "/api/v1/api-keys?per_page=1", "identity", "api_key"),
        ("GET", f"{RECORDS}?per_page=1", "audit", "record"),
    ],
)
def test_each_read_leaves_exactly_one_record(
    api: SignedApi, method: str, target: str, service: str, resource: str
) -> None:
    """Who looked at what is as much of a question as who changed it."""
    answer = api.call(method, target, source="127.0.0.7")
    assert answer.code == ReturnCode.SUCCESS
    [record] = api.records(request_id=answer.headers["X-Request-Id"])
    assert (record["service"], record["resource"], record["operation"]) == (service, resource, "query")
    assert record["actor"]["user_name"] == "admin"
    assert record["actor"]["authentication"] == "api_key"
    assert record["client_ip"] == "127.0.0.7"
    assert abs(datetime.fromisoformat(record["time"]).timestamp() - time.time()) < 60


def test_head_is_recorded_like_get(api: SignedApi, demo_name: str) -> None:
    """It answers the same question, only shorter."""
    demo_id = api.call("POST", DEMOS, {"demo_name": demo_name}).envelope["data"]["demo_id"]
    answer = api.call("HEAD", f"{DEMOS}/{demo_id}")
    assert (answer.status, answer.body) == (200, b"")
    [record] = api.records(request_id=answer.headers["X-Request-Id"])
    assert (record["operation"], record["object_id"]) == ("query", str(demo_id))


def test_each_change_leaves_exactly_one_record_with_old_and_new(api: SignedApi, demo_name: str) -> None:
    """An auditor reads what was before and what is now, and which signed request made the difference."""
    made = api.call("POST", DEMOS, {"demo_name": demo_name}, source="127.0.0.8")
    demo_id = made.envelope["data"]["demo_id"]
    changed = api.call("PATCH", f"{DEMOS}/{demo_id}", {"demo_state": "inactive"}, source="127.0.0.9")
    gone = api.call("DELETE", f"{DEMOS}/{demo_id}", source="127.0.0.10")
    records = api.records(at_least=3, resource="demo", object_id=demo_id)
    assert [record["request_id"] for record in records] == [a.headers["X-Request-Id"] for a in (made, changed, gone)]
    assert [record["client_ip"] for record in records] == ["127.0.0.8", "127.0.0.9", "127.0.0.10"]
    assert [record["operation"] for record in records] == ["insert", "update", "delete"]
    assert records[0]["changes"]["demo_name"] == [None, demo_name]
    assert records[1]["changes"] == {"demo_state": ["active", "inactive"]}
    assert all(len(record["request_digest"]) == 64 for record in records)
    versions = [record["object_version"] for record in records]
    assert versions == sorted(set(versions))


def test_sign_in_and_out_say_who(platform: Platform, admin: Client, api: SignedApi) -> None:
    """A session begins and ends with a record; a refused sign-in leaves one, too."""
    person = add_person(admin, "user")
    with Client.login(platform.url, person.user_name, person.password) as session:
        session.sessions.end_current()
    with pytest.raises(CredentialsInvalid):
        Client.login(platform.url, person.user_name, "not the password")
    begun = api.records(user_id=person.user_id, resource="session", operation="insert")
    ended = api.records(user_id=person.user_id, resource="session", operation="delete")
    assert [record["actor"]["user_name"] for record in (*begun, *ended)] == [person.user_name] * 2
    assert begun[0]["object_id"] == ended[0]["object_id"]

    def refusals() -> list[dict[str, Any]]:
        # Others fail to sign in as well, some as users whom nobody knows.
        failed = api.records(resource="session", operation="login_failed")
        return [record for record in failed if record["changes"].get("user_id") == [None, person.user_id]]

    [refused] = eventually(refusals, what="the record of a refused sign-in")
    assert refused["client_ip"] == "127.0.0.1"


def test_forged_forwarding_header_is_not_where_from(api: SignedApi) -> None:
    """Anybody can write X-Forwarded-For; only a proxy of ours is believed."""
    answer = api.call("GET", DEMOS, source="127.0.0.11", X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9")
    [record] = api.records(request_id=answer.headers["X-Request-Id"])
    assert record["client_ip"] == "127.0.0.11"


def test_request_id_of_the_client_is_not_believed(api: SignedApi) -> None:
    """Otherwise somebody could hide behind the id of another's request."""
    answer = api.call("GET", DEMOS, X_Request_Id="0" * 32)
    assert answer.headers["X-Request-Id"] != "0" * 32


def test_records_are_filtered_paged_and_newest_first(admin: Client, api: SignedApi) -> None:
    """Five reads of one person, seen through every filter."""
    person = add_person(admin, "user")
    reader = api.as_(person.credential)
    for _ in range(5):
        assert reader.call("GET", DEMOS).code == ReturnCode.SUCCESS
    api.records(at_least=5, user_id=person.user_id, resource="demo")
    first = api.call("GET", f"{RECORDS}?user_id={person.user_id}&resource=demo&operation=query&per_page=3&count=true")
    second = api.call("GET", f"{RECORDS}?user_id={person.user_id}&resource=demo&operation=query&per_page=3&page=2")
    pages = [answer.envelope["data"] for answer in (first, second)]
    assert [len(page["records"]) for page in pages] == [3, 2]
    assert [page["has_more"] for page in pages] == [True, False]
    assert pages[0]["total"] == 5
    times = [record["time"] for page in pages for record in page["records"]]
    assert times == sorted(times, reverse=True)
    empty = api.call("GET", f"{RECORDS}?user_id={person.user_id}&time_end=2020-01-01T00:00:00Z")
    assert empty.envelope["data"]["records"] == []


def test_a_head_that_could_be_misread_stands_in_the_log(platform: Platform, api: SignedApi) -> None:
    """It is refused before there is a request; whoever probes for two readings of one leaves a trace all the same."""
    head = b"POST %b?secret=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" % DEMOS.encode()
    with socket.create_connection(("127.0.0.1", platform.port), source_address=("127.0.0.78", 0)) as attacker:
        attacker.sendall(head + b"X-Sign: %b\r\nX-Sign: %b\r\n\r\n" % (b"a" * 64, b"b" * 64))
        attacker.settimeout(10)
        answer = attacker.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")

    def recorded() -> list[dict[str, Any]]:
        records = api.records(resource="request", operation="refused")
        return [record for record in records if record["client_ip"] == "127.0.0.78"]

    [record] = eventually(recorded, what="the refused head in the audit log")
    assert record["changes"]["reason"] == [None, "X-Sign is repeated"]
    assert record["changes"]["return_code"] == [None, 400001]
    assert record["actor"]["user_id"] is None
    assert record["request_id"].encode() in answer


def test_what_the_gateway_refused_stands_in_the_log(api: SignedApi, admin: Client) -> None:
    """Forgeries are counted under the credential that they name, and in nobody's name: it was not its holder."""
    person = add_person(admin, "user")
    forger = api.as_(ApiKeyCredential(person.credential.api_key, "not the secret"))
    answers = [forger.call("GET", DEMOS, source="127.0.0.77") for _ in range(5)]
    assert {answer.code for answer in answers} == {ReturnCode.SIGN_INVALID}

    def counted() -> list[dict[str, Any]]:
        records = api.records(resource="request", operation="refused")
        mine = [record for record in records if record["client_ip"] == "127.0.0.77"]
        return mine if sum(record["changes"]["count"][1] for record in mine) == len(answers) else []

    for record in eventually(counted, what="the refusals in the audit log"):
        assert record["service"] == "identity"
        assert record["actor"]["user_id"] is None
        assert record["changes"]["reason"] == [None, "SignInvalid"]
        assert record["changes"]["refused_operation"] == [None, "listDemos"]
        assert record["request_id"] in {answer.headers["X-Request-Id"] for answer in answers}
