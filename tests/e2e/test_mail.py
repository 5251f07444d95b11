"""A forgotten password, over the wire: asked for without a credential, and set anew with the token of a mail."""

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from signet import Client
from signet.errors import CredentialsInvalid
from signet_common.messaging.command import ReceivedCommand
from signet_common.messaging.connect import open_bus
from signet_common.messaging.ports import CommandReceiver
from signet_protocol.headers import new_nonce
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.signed_api import RECORDS, SignedApi

pytestmark = pytest.mark.e2e

RESETS = "/api/v1/password-resets"
NEW_PASSWORD = "staple of another stable"


@pytest.fixture
def receiver(platform: Platform, request: pytest.FixtureRequest) -> Iterator[CommandReceiver]:
    """What a service that sends mail would hold; on a broker with one right, which identity itself does not have."""
    url = platform.settings_of("identity-background")["IDENTITY_BUS_URL"]
    if url.startswith("amqp"):
        broker, vhost = request.getfixturevalue("rabbitmq"), urlsplit(url).path[1:]
        user, password = f"mailer-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
        broker.add_user(user, password, read="^signet[.]commands$", vhost=vhost)
        url = broker.url_of(user, password, vhost)
    receiver = open_bus(url).command_receiver()
    yield receiver
    receiver.close()


def post(platform: Platform, target: str, body: object, nonce: str = "") -> RawAnswer:
    """A public request, as curl would send it: a timestamp and a nonce, no signature."""
    headers = (
        ("Content-Type", "application/json"),
        ("X-Timestamp", str(int(time.time()))),
        ("X-Nonce", nonce or new_nonce()),
    )
    return send(platform.port, RawRequest("POST", target, headers, json.dumps(body).encode()))


def mail_to(receiver: CommandReceiver, address: str) -> tuple[ReceivedCommand, dict[str, object]]:
    """Wait for the mail to one address; those to others are acknowledged on the way, as if they had been sent."""

    def found() -> tuple[ReceivedCommand, dict[str, object]] | None:
        for command in receiver.receive(1, 1.0):
            mail = json.loads(command.body)
            if mail["to"] == address:
                return command, mail
            receiver.acknowledge([command])
        return None

    return eventually(found, what=f"a mail to {address}")


def test_a_forgotten_password_is_set_anew_with_the_token_of_a_mail(
    platform: Platform, admin: Client, api: SignedApi, receiver: CommandReceiver
) -> None:
    """The old password, the sessions and the token are over; the log tells of it and has no secret."""
    name, old = f"m{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    address = f"{secrets.token_hex(6)}@example.org"
    user = admin.users.create(name, old, email=address, roles=["user"])
    session = Client.login(platform.url, name, old)

    known, unknown = post(platform, RESETS, {"login": name}), post(platform, RESETS, {"login": f"no-{name}"})
    assert known.envelope == unknown.envelope == {"return_code": 200, "return_msg": "", "data": None}
    command, mail = mail_to(receiver, address)
    assert (command.name, mail["template"]) == ("mail.send", "password_reset")
    assert isinstance(mail["values"], dict)
    token = mail["values"]["token"]
    receiver.acknowledge([command])

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
    shown = api.call("GET", f"{RECORDS}?per_page=100").body.decode()
    logs = "".join(path.read_text(errors="replace") for path in Path(platform.home, "log").iterdir() if path.is_file())
    assert token not in shown + logs
    assert NEW_PASSWORD not in shown + logs


def test_a_request_for_a_reset_is_not_repeated(platform: Platform) -> None:
    """Public operations that change state carry a nonce, claimed once."""
    nonce = new_nonce()
    body = {"login": "nobody-of-that-name"}
    assert post(platform, RESETS, body, nonce).code == ReturnCode.SUCCESS
    assert post(platform, RESETS, body, nonce).code == ReturnCode.NONCE_REUSED
