"""The SDK signs what it sends and reads what the platform answers."""

import re
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from signet import ApiKeyCredential, Client, TokenCredential
from signet.errors import AnswerInvalid, ArgumentInvalid, CredentialsInvalid, NotSignedIn

DEMO = {
    "demo_id": 7,
    "demo_name": "数据🙂",
    "demo_state": "active",
    "version": 1,
    "created_at": "2026-01-01T00:00:00Z",
    "created_by": 1,
    "updated_at": None,
    "updated_by": None,
    "a_field_of_tomorrow": True,
}
SESSION = {
    "session_id": 9,
    "user_id": 1,
    "token": "st_9fQ1x5yWc3Rk7LbE",
    "secret": "c2lnbmV0LXRlc3Qtc2Vzc2lvbi1zZWNyZXQtMDAwMDI",
    "expires_at": "2026-01-01T12:00:00Z",
}


def test_create_sends_signed_json_under_a_key_of_its_own(client: Client, gateway: Any) -> None:
    """The fake gateway proves every signature over the bytes it got; a wrong one would be 401006."""
    gateway.reply(DEMO)
    demo = client.demos.create("数据🙂")
    assert (demo.demo_id, demo.demo_name, demo.version) == (7, "数据🙂", 1)
    assert demo.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    [sent] = gateway.received
    assert sent.body == '{"demo_name":"数据🙂"}'.encode()
    assert sent.headers["content-type"] == "application/json"
    assert re.fullmatch("[0-9a-f-]{36}", sent.headers["idempotency-key"])


def test_list_spells_its_query_and_reads_a_page(client: Client, gateway: Any) -> None:
    """What is signed is the target as httpx spells it, escapes included."""
    gateway.reply({"demos": [DEMO], "page": 2, "per_page": 1, "has_more": True, "total": 5})
    page = client.demos.list(demo_name="a/b %数", create_date_start=date(2026, 1, 1), page=2, per_page=1, count=True)
    assert (page.page, page.per_page, page.has_more, page.total) == (2, 1, True, 5)
    assert [demo.demo_id for demo in page.items] == [7]
    [sent] = gateway.received
    query = httpx.URL(sent.target).params
    assert dict(query) == {
        "demo_name": "a/b %数",
        "create_date_start": "2026-01-01",
        "page": "2",
        "per_page": "1",
        "count": "true",
    }
    assert "idempotency-key" not in sent.headers


def test_iterate_reads_until_there_is_no_more(client: Client, gateway: Any) -> None:
    """has_more ends the walk, not an empty page."""
    gateway.reply({"demos": [DEMO], "page": 1, "per_page": 100, "has_more": True})
    gateway.reply({"demos": [DEMO | {"demo_id": 8}], "page": 2, "per_page": 100, "has_more": False})
    assert [demo.demo_id for demo in client.demos.iterate()] == [7, 8]


def test_update_and_delete_send_the_version_as_an_entity_tag(client: Client, gateway: Any) -> None:
    """RFC 9110 8.8.3: an entity tag is quoted."""
    gateway.reply(DEMO | {"version": 2})
    gateway.reply(None)
    assert client.demos.update(7, demo_state="inactive", if_match=1).version == 2
    client.demos.delete(7, if_match=2)
    update, delete = gateway.received
    assert (update.method, update.json, update.headers["if-match"]) == ("PATCH", {"demo_state": "inactive"}, '"1"')
    assert (delete.method, delete.target, delete.headers["if-match"]) == ("DELETE", "/api/v1/demos/7", '"2"')


def test_audit_records_are_read_with_their_actor(client: Client, gateway: Any) -> None:
    """The audit log is the product: who, what, when and from where must survive the way."""
    record = {
        "event_id": "0198",
        "time": "2026-01-01T00:00:00.123456Z",
        "service": "resources",
        "resource": "demo",
        "operation": "update",
        "object_id": "7",
        "object_version": 2,
        "actor": {"user_id": 1, "user_name": "admin", "authentication": "api_key", "credential_id": "api_key/1"},
        "request_id": "r",
        "request_digest": "d",
        "client_ip": "127.0.0.1",
        "changes": {"demo_name": ["a", "b"]},
        "trace_id": "t",
    }
    gateway.reply({"records": [record], "page": 1, "per_page": 20, "has_more": False})
    start = datetime(2026, 1, 1, 1, tzinfo=UTC)
    [found] = client.audit.search(resource="demo", object_id="7", time_start=start).items
    assert (found.actor.user_name, found.operation, found.client_ip) == ("admin", "update", "127.0.0.1")
    assert found.changes == {"demo_name": ["a", "b"]}
    assert httpx.URL(gateway.received[0].target).params["time_start"] == "2026-01-01T01:00:00Z"


def test_login_signs_what_follows_with_the_session(gateway: Any, options: dict[str, Any]) -> None:
    """The sign-in itself has nothing to sign with, but carries timestamp and nonce."""
    gateway.reply(SESSION)
    gateway.reply(DEMO)
    with Client.login("http://gateway.test", "admin", "correct horse", **options) as client:
        client.demos.get(7)
    login, read = gateway.received
    assert login.json == {"login": "admin", "password": "correct horse"}
    assert {"x-timestamp", "x-nonce"} <= login.headers.keys()
    assert not {"x-sign", "x-api-key", "authorization", "idempotency-key"} & login.headers.keys()
    assert read.headers["authorization"] == "Bearer st_9fQ1x5yWc3Rk7LbE"


def test_refused_login_is_an_error_of_its_own(gateway: Any, options: dict[str, Any]) -> None:
    """Programs ask again for a password, and for nothing else."""
    gateway.reply(code=401011, message="The login or the password is wrong.")
    with pytest.raises(CredentialsInvalid):
        Client.login("http://gateway.test", "admin", "wrong", **options)
    assert len(gateway.received) == 1


def test_users_and_keys_speak_the_identity_api(client: Client, gateway: Any) -> None:
    """Optional fields that were not given are not sent: the platform refuses what it does not know."""
    user = {"user_id": 2, "user_name": "ada", "user_state": "active", "roles": ["user"]}
    gateway.reply(user)
    gateway.reply({"api_key_id": 3, "api_key": "ak_new", "secret": "shown once", "expires_at": None})
    gateway.reply(None)
    assert client.users.create("ada", roles=["user"]).roles == ("user",)
    created = client.api_keys.create(description="import")
    client.api_keys.revoke(created.api_key_id)
    assert gateway.received[0].json == {"user_name": "ada", "roles": ["user"]}
    assert gateway.received[1].json == {"description": "import"}
    assert (gateway.received[2].method, gateway.received[2].target) == ("DELETE", "/api/v1/api-keys/3")
    assert created.credential == ApiKeyCredential("ak_new", "shown once")


def test_secrets_stay_out_of_every_repr(client: Client, gateway: Any) -> None:
    """A repr ends up in logs."""
    gateway.reply(SESSION)
    gateway.reply({"api_key_id": 3, "api_key": "ak_new", "secret": "shown once"})
    session = client.sessions.create("admin", "pw")
    shown = repr([session, session.credential, client.api_keys.create(), ApiKeyCredential("ak_x", "s3cret")])
    for hidden in (SESSION["token"], SESSION["secret"], "shown once", "s3cret"):
        assert str(hidden) not in shown


def test_unsigned_client_refuses_signed_operations(gateway: Any, options: dict[str, Any]) -> None:
    """Before a byte is sent."""
    with Client("http://gateway.test", **options) as client, pytest.raises(NotSignedIn):
        client.demos.get(7)
    assert gateway.received == []


@pytest.mark.parametrize(
    "url",
    ["", "gateway", "ftp://gateway", "http://", "http://user:pw@gateway", "http://gateway/api", "http://gateway?a=b"],
)
def test_url_that_is_no_origin_is_refused(url: str) -> None:
    """A path would not be signed, and a user name would become a second Authorization."""
    with pytest.raises(ArgumentInvalid):
        Client(url)


@pytest.mark.parametrize(
    "credential",
    [ApiKeyCredential("ak_é", "secret"), ApiKeyCredential("", "secret"), TokenCredential("a\nb", "secret")],
)
def test_credential_that_no_header_can_hold_is_refused(credential: Any, options: dict[str, Any]) -> None:
    """httpx would raise an error of its own, or send it."""
    with Client("http://gateway.test", credential, **options) as client, pytest.raises(ArgumentInvalid):
        client.demos.get(7)


def test_secret_that_is_not_ascii_is_refused_without_showing_it(options: dict[str, Any]) -> None:
    """UnicodeEncodeError quotes the text that it could not encode."""
    client = Client("http://gateway.test", ApiKeyCredential("ak_x", "pässphrase"), **options)
    with client, pytest.raises(ArgumentInvalid) as refusal:
        client.demos.get(7)
    assert "phrase" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_text_that_json_cannot_carry_is_refused(client: Client, gateway: Any) -> None:
    """A lone surrogate has no UTF-8."""
    with pytest.raises(ArgumentInvalid):
        client.demos.create("\ud800")
    assert gateway.received == []


@pytest.mark.parametrize(
    "reply",
    [
        {"raw": b"<html>nginx</html>"},
        {"raw": b'["return_code"]'},
        {"raw": b'{"return_code": "200"}'},
        {"data": None},
        {"data": {"demo_id": 7}},
        {"data": DEMO | {"created_at": "yesterday"}},
        {"raw": b'{"return_code": true}'},
        {"raw": b'{"return_code": 302}'},
        {"raw": b'{"return_code": 200, "return_msg": "", "data": {}}', "code": 302},
    ],
)
def test_answer_that_is_not_the_platforms_is_an_error(client: Client, gateway: Any, reply: dict[str, Any]) -> None:
    """Whatever else listens on that port must not pass for a success."""
    gateway.reply(**reply)
    with pytest.raises(AnswerInvalid):
        client.demos.get(7)


def test_a_public_operation_is_sent_without_the_credential(client: Client, gateway: Any) -> None:
    """It has no caller: a signature or a seal that named one would not fit what the gateway checks."""
    gateway.reply({"session_id": 9, "user_id": 1, "token": "st_x", "secret": "s", "expires_at": "2036-01-01T12:00:00Z"})
    client.sessions.create("ada", "correct horse battery")
    sent = gateway.received[-1].headers
    assert not {"x-api-key", "authorization", "x-sign"} & sent.keys()
