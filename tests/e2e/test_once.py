"""Once means once: replays by the hundred, and honest repetitions."""

import secrets
import socket
from collections import Counter
from contextlib import ExitStack

import pytest

from signet import Client
from signet_protocol.return_codes import ReturnCode
from signet_testing.free_ports import LOOPBACK
from signet_testing.people import add_person
from signet_testing.platform import Platform
from signet_testing.raw_http import RawRequest, receive, send, signed
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
AT_ONCE = 200


def send_at_once(port: int, request: RawRequest, times: int) -> list[int]:
    """All connections stand before the first byte is sent, so the workers have them at the same time."""
    wire = request.wire()
    with ExitStack() as opened:
        connections = [
            opened.enter_context(socket.create_connection((LOOPBACK, port), timeout=30)) for _ in range(times)
        ]
        for connection in connections:
            connection.sendall(wire[:-1])
        for connection in connections:
            connection.sendall(wire[-1:])
        return [receive(connection).code for connection in connections]


def test_one_signed_request_sent_200_times_takes_effect_once(
    platform: Platform, api: SignedApi, demo_name: str
) -> None:
    """Three workers share one memory of nonces; the demo's version counts how often the change was made."""
    demo = api.call("POST", DEMOS, {"demo_name": demo_name}).envelope["data"]
    target = f"{DEMOS}/{demo['demo_id']}"
    codes = send_at_once(platform.port, api.prepare("PATCH", target, {"demo_state": "inactive"}), AT_ONCE)
    assert Counter(codes) == {ReturnCode.SUCCESS: 1, ReturnCode.NONCE_REUSED: AT_ONCE - 1}
    back = api.call("PATCH", target, {"demo_state": "active"}).envelope["data"]
    assert back["version"] == demo["version"] + 2
    records = api.records(at_least=3, resource="demo", object_id=demo["demo_id"])
    assert [record["operation"] for record in records] == ["insert", "update", "update"]


def test_same_nonce_of_two_people_is_not_a_replay(admin: Client, platform: Platform, api: SignedApi) -> None:
    """Nobody can use up the nonces of others."""
    nonce = secrets.token_hex(16)
    people = [add_person(admin, "user") for _ in range(2)]
    codes = [send(platform.port, signed(person.credential, "GET", DEMOS, nonce=nonce)).code for person in people]
    assert codes == [ReturnCode.SUCCESS] * 2


def test_idempotency_key_gives_the_first_answer_again(api: SignedApi, demo_name: str) -> None:
    """A client that lost an answer asks again under the same key, signed anew, and nothing is done twice."""
    key = secrets.token_hex(16)
    answers = [api.call("POST", DEMOS, {"demo_name": demo_name}, Idempotency_Key=key) for _ in range(3)]
    assert [answer.code for answer in answers] == [ReturnCode.SUCCESS] * 3
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    other = api.call("POST", DEMOS, {"demo_name": f"{demo_name}2"}, Idempotency_Key=key)
    assert other.code == ReturnCode.IDEMPOTENCY_CONFLICT
    demo_id = answers[0].envelope["data"]["demo_id"]
    assert len(api.records(resource="demo", object_id=demo_id, operation="insert")) == 1


def test_same_idempotency_key_at_once_does_it_once(api: SignedApi, demo_name: str) -> None:
    """Impatient clients repeat before the first answer is there: all get the same one."""
    key = secrets.token_hex(16)
    with ExitStack() as opened:
        connections = []
        for _ in range(16):
            connection = opened.enter_context(socket.create_connection((LOOPBACK, api.port), timeout=30))
            connection.sendall(api.prepare("POST", DEMOS, {"demo_name": demo_name}, Idempotency_Key=key).wire())
            connections.append(connection)
        answers = [receive(connection) for connection in connections]
    assert {answer.code for answer in answers} == {ReturnCode.SUCCESS}
    assert len({answer.envelope["data"]["demo_id"] for answer in answers}) == 1


def test_idempotency_key_belongs_to_its_user(admin: Client, api: SignedApi, demo_name: str) -> None:
    """Nobody gets another's answer by guessing a key."""
    key = secrets.token_hex(16)
    mine, yours = (api.as_(add_person(admin, "user").credential) for _ in range(2))
    assert mine.call("POST", DEMOS, {"demo_name": demo_name}, Idempotency_Key=key).code == ReturnCode.SUCCESS
    answer = yours.call("POST", DEMOS, {"demo_name": demo_name}, Idempotency_Key=key)
    assert answer.code == ReturnCode.VALUE_DUPLICATE


def test_etag_and_preconditions_travel_through_the_gateway(api: SignedApi, demo_name: str) -> None:
    """Two people who change the same thing do not overwrite each other unseen."""
    made = api.call("POST", DEMOS, {"demo_name": demo_name})
    target = f"{DEMOS}/{made.envelope['data']['demo_id']}"
    tag = made.headers["ETag"]
    assert api.call("GET", target).headers["ETag"] == tag
    unchanged = api.call("GET", target, If_None_Match=tag)
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", tag)
    changed = api.call("PATCH", target, {"demo_name": f"{demo_name}."}, If_Match=tag)
    assert changed.code == ReturnCode.SUCCESS
    assert changed.headers["ETag"] != tag
    assert api.call("GET", target, If_None_Match=tag).code == ReturnCode.SUCCESS
    assert api.call("PATCH", target, {"demo_name": "lost"}, If_Match=tag).code == ReturnCode.VERSION_CONFLICT
    assert api.call("DELETE", target, If_Match=tag).code == ReturnCode.VERSION_CONFLICT
    assert api.call("DELETE", target, If_Match=changed.headers["ETag"]).code == ReturnCode.SUCCESS
