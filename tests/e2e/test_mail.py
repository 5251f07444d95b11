"""Mail, over the wire: tokens arrive in the mailbox, work once, and are found nowhere else; notices go by API."""

import email
import email.policy
import json
import re
import secrets
import time
from email.message import EmailMessage
from typing import Any

import pytest

from signet import Client
from signet.errors import CredentialsInvalid
from signet_protocol.headers import new_nonce
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.signed_api import RECORDS, SignedApi

pytestmark = pytest.mark.e2e

RESETS = "/api/v1/password-resets"
MAILS = "/api/v1/mails"
NEW_PASSWORD = "staple of another stable"
TOKEN = re.compile(r"^ {4}([A-Za-z0-9_-]{43})\r?$", re.MULTILINE)


def post(platform: Platform, target: str, body: object, nonce: str = "") -> RawAnswer:
    """A public request, as curl would send it: a timestamp and a nonce, no signature."""
    headers = (
        ("Content-Type", "application/json"),
        ("X-Timestamp", str(int(time.time()))),
        ("X-Nonce", nonce or new_nonce()),
    )
    return send(platform.port, RawRequest("POST", target, headers, json.dumps(body).encode()))


def mail_to(platform: Platform, address: str) -> EmailMessage:
    """Wait for the mail to one address, in the folder that a deployment without a mail server puts mails into."""

    def found() -> EmailMessage | None:
        for path in sorted((platform.home / "mail").glob("*.eml")):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.SMTP)
            if isinstance(mail, EmailMessage) and mail["To"] == address:
                return mail
        return None

    return eventually(found, what=f"a mail to {address}")


def token_in(mail: EmailMessage) -> str:
    """The token, which both parts of a mail show."""
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    [token] = TOKEN.findall(texts[0])
    assert token in texts[1]
    return str(token)


def state_of(api: SignedApi, address: str) -> dict[str, Any]:
    """What the API tells of the only mail to one address, once it is over."""

    def ended() -> dict[str, Any] | None:
        [mail] = api.call("GET", f"{MAILS}?to_address={address}").envelope["data"]["mails"]
        return dict(mail) if mail["mail_state"] != "waiting" else None

    return eventually(ended, what=f"the end of the mail to {address}")


def assert_nowhere(platform: Platform, api: SignedApi, *tokens: str) -> None:
    """Neither audit log nor logs nor databases nor the bus hold a token, once its mail is over.

    Write-ahead logs do for a minute (docs/adr/0013).
    """
    shown = api.call("GET", f"{RECORDS}?per_page=100").body.decode() + api.call("GET", MAILS).body.decode()
    kept = {path: content for path, content in platform.files().items() if path.suffix not in {".eml", ".sqlite3-wal"}}
    assert [path for path in kept if path.suffix == ".sqlite3"]
    for token in tokens:
        assert token not in shown
        assert [path.name for path, content in kept.items() if token.encode() in content] == []


def test_a_forgotten_password_is_set_anew_with_the_token_of_a_mail(
    platform: Platform, admin: Client, api: SignedApi
) -> None:
    """The old password, the sessions and the token are over; the log tells of it and has no secret."""
    name, old = f"m{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    address = f"{secrets.token_hex(6)}@example.org"
    user = admin.users.create(name, old, email=address, roles=["user"])
    session = Client.login(platform.url, name, old)

    known, unknown = post(platform, RESETS, {"login": name}), post(platform, RESETS, {"login": f"no-{name}"})
    assert known.envelope == unknown.envelope == {"return_code": 200, "return_msg": "", "data": None}
    mail = mail_to(platform, address)
    assert mail["Subject"] == "Set a new password"
    token = token_in(mail)

    body = {"token": token, "new_password": NEW_PASSWORD}
    assert post(platform, f"{RESETS}/complete", body | {"new_password": f"{name} and more"}).code == 400002
    assert post(platform, f"{RESETS}/complete", body).code == ReturnCode.SUCCESS
    assert post(platform, f"{RESETS}/complete", body).code == ReturnCode.TOKEN_INVALID
    with pytest.raises(CredentialsInvalid):
        Client.login(platform.url, name, old)
    Client.login(platform.url, name, NEW_PASSWORD).close()
    credential = session.credential
    eventually(
        lambda: api.as_(credential).call("GET", "/api/v1/users/me").code == ReturnCode.TOKEN_INVALID,
        what="the end of the session",
    )
    session.close()

    [completed] = api.records(resource="password_reset", operation="complete", user_id=user.user_id)
    assert completed["client_ip"] == "127.0.0.1"
    outcomes = {
        record["changes"]["outcome"][1]
        for record in api.records(at_least=2, resource="password_reset", operation="insert")
    }
    assert {"mailed", "unknown_login"} <= outcomes
    sent = state_of(api, address)
    assert (sent["mail_state"], sent["template"], sent["attempts"]) == ("sent", "password_reset", 1)
    assert_nowhere(platform, api, token, NEW_PASSWORD)


def test_an_address_is_confirmed_with_the_token_of_a_mail(platform: Platform, admin: Client, api: SignedApi) -> None:
    """Asked for by its owner; the token works once, and is found nowhere afterwards."""
    name, password = f"m{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    address = f"{secrets.token_hex(6)}@example.org"
    user = admin.users.create(name, password, email=address, roles=["user"])
    with Client.login(platform.url, name, password) as client:
        client.users.request_email_confirmation()
    mail = mail_to(platform, address)
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("Confirm your e-mail address", "auto-generated")
    token = token_in(mail)
    assert post(platform, "/api/v1/email-confirmations", {"token": token}).code == ReturnCode.SUCCESS
    assert post(platform, "/api/v1/email-confirmations", {"token": token}).code == ReturnCode.TOKEN_INVALID
    assert admin.users.get(user.user_id).email_confirmed_at is not None
    assert state_of(api, address)["mail_state"] == "sent"
    assert_nowhere(platform, api, token)


def test_a_notice_by_api_arrives_and_tells_what_became_of_it(platform: Platform, api: SignedApi) -> None:
    """From the request to the file, with the run that sent it and its events."""
    address = f"{secrets.token_hex(6)}@example.org"
    values = {"subject_line": "Wartung am Sonntag 维护", "text": "Signet ruht von 6 bis 7."}
    body = {"to": [address], "template": "notice", "language": "zh", "values": values}
    [made] = api.call("POST", MAILS, body).envelope["data"]["mails"]
    mail = mail_to(platform, address)
    assert mail["Subject"] == values["subject_line"]
    ended = state_of(api, address)
    assert (ended["mail_id"], ended["mail_state"]) == (made["mail_id"], "sent")
    assert ended["reply"].startswith("written to ")
    run = api.call("GET", f"/api/v1/runs/{made['run_id']}").envelope["data"]
    assert (run["job_name"], run["arguments"]) == ("send-mail", {"mail_id": made["mail_id"]})
    told = api.records(at_least=2, resource="mail", object_id=made["mail_id"])
    assert {"insert", "sent"} <= {record["operation"] for record in told}
    assert values["text"] not in json.dumps(told)


def test_a_request_for_a_reset_is_not_repeated(platform: Platform) -> None:
    """Public operations that change state carry a nonce, claimed once."""
    nonce = new_nonce()
    body = {"login": "nobody-of-that-name"}
    assert post(platform, RESETS, body, nonce).code == ReturnCode.SUCCESS
    assert post(platform, RESETS, body, nonce).code == ReturnCode.NONCE_REUSED
