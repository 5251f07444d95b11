"""Every unsafe operation of every contract, asked for again under one Idempotency-Key: afterwards, and at once.

What a service adds is covered as soon as it is in its contract.
"""

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.access import Cast
from signet_testing.contract_operations import ContractOperation, read_operations
from signet_testing.platform import Platform
from signet_testing.raw_http import send
from signet_testing.repeats import REPEAT_REFUSED, Asked, changes, prepared
from signet_testing.signed_api import SignedApi, Streamed

pytestmark = pytest.mark.e2e

OPERATIONS = list(read_operations(Path(__file__).parents[2] / "contracts" / "openapi"))
UNSAFE = [operation for operation in OPERATIONS if operation.method != "GET"]
REPEATED = [operation for operation in UNSAFE if not operation.public]
WITHOUT_KEY: Mapping[str, str] = {
    "signIn": "opens a session of its own each time, whose token and secret are shown once",
    "requestPasswordReset": "answers the same to everybody at any time; one more request is one more mail",
    "completePasswordReset": "spends a token that works once",
    "confirmEmail": "spends a token that works once",
}
"""Public operations have no user to whom a key could belong; each of them says why it may do without."""
AT_ONCE = 6
LOST_AT_ONCE: Mapping[str, frozenset[int]] = {
    "createApiKey": frozenset({ReturnCode.VALUE_DUPLICATE}),
    "changePassword": frozenset({ReturnCode.CREDENTIALS_INVALID, ReturnCode.VERSION_CONFLICT, ReturnCode.RATE_LIMITED}),
    "signOut": frozenset({ReturnCode.TOKEN_INVALID}),
}
"""What those hear that come second while the first is under way, where the first answer is not given again."""


@pytest.fixture(scope="module")
def cast(platform: Platform) -> Cast:
    return Cast(SignedApi(platform.port, platform.first_run.credential), OPERATIONS)


def name_of(operation: ContractOperation) -> str:
    return operation.name


@pytest.mark.parametrize("operation", UNSAFE, ids=name_of)
def test_every_unsafe_operation_takes_an_idempotency_key(operation: ContractOperation) -> None:
    """A client that got no answer has to be able to ask again without doing it twice."""
    names = [part["name"] for part in operation.description.get("parameters", []) if part["in"] == "header"]
    assert "Idempotency-Key" in names or (operation.public and operation.name in WITHOUT_KEY)


@pytest.mark.parametrize("operation", REPEATED, ids=name_of)
def test_a_repeat_gets_the_first_answer_and_does_nothing(cast: Cast, operation: ContractOperation) -> None:
    """Signed anew, as a client does; where the answer cannot be kept, the repeat is refused and not carried out."""
    asked, key = prepared(cast, operation), secrets.token_hex(16)
    first, second = (send(asked.caller.port, asked.request(key)) for _ in range(2))
    assert first.code == ReturnCode.SUCCESS, first
    if second.code == REPEAT_REFUSED.get(operation.name):
        return
    assert operation.name not in REPEAT_REFUSED or operation.name == "signOut", second
    assert (second.code, second.body) == (ReturnCode.SUCCESS, first.body)
    if operation.name == "signOut":
        return
    other = send(asked.caller.port, something_else(cast, asked).request(key))
    assert other.code == ReturnCode.IDEMPOTENCY_CONFLICT, other


def something_else(cast: Cast, asked: Asked) -> Asked:
    """The same operation, asked for something else."""
    if isinstance(asked.body, Streamed):
        return replace(asked, body=Streamed(asked.body + b"more"))
    path, _, query = asked.target.partition("?")
    return replace(asked, target=f"{path}?user_id={cast.member().user_id}" if query else f"{path}?")


@pytest.mark.parametrize("operation", REPEATED, ids=name_of)
def test_many_at_once_under_one_key_do_it_once(cast: Cast, operation: ContractOperation) -> None:
    """An impatient client, or two of its threads: all get the one answer, and the audit log tells of one request."""
    asked, key = prepared(cast, operation), secrets.token_hex(16)
    requests = [asked.request(key) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda request: send(asked.caller.port, request), requests))
    done = [answer for answer in answers if answer.code == ReturnCode.SUCCESS]
    lost = {answer.code for answer in answers} - {ReturnCode.SUCCESS}
    assert lost <= LOST_AT_ONCE.get(operation.name, frozenset()), answers
    assert len({answer.body for answer in done}) == 1, answers
    told = changes(cast, operation.service, answers)
    assert len(told) == 1, told
    assert set(told[0].values()) == {1}, told


def test_uploads_under_one_key_are_one_file_and_one_blob(platform: Platform, cast: Cast) -> None:
    """Who asked again, and who came second, has sent a whole content: nothing may be left of it."""
    (upload,) = [operation for operation in OPERATIONS if operation.name == "uploadFile"]
    asked, key = prepared(cast, upload), secrets.token_hex(16)
    before = set(blobs(platform))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: send(asked.caller.port, asked.request(key)), range(AT_ONCE)))
    answers.append(send(asked.caller.port, asked.request(key)))
    assert {(answer.code, answer.body) for answer in answers} == {(ReturnCode.SUCCESS, answers[0].body)}
    made = answers[0].envelope["data"]
    listed = asked.caller.call("GET", f"/api/v1/files?created_by={made['created_by']}").envelope["data"]["files"]
    assert [file["file_id"] for file in listed] == [made["file_id"]]
    assert len(set(blobs(platform)) - before) == 1
    refused = send(asked.caller.port, something_else(cast, asked).request(key))
    assert refused.code == ReturnCode.IDEMPOTENCY_CONFLICT
    assert len(set(blobs(platform)) - before) == 1


def blobs(platform: Platform) -> Iterator[Path]:
    """What lies in the store, halves of uploads included."""
    return (path for path in (platform.home / "blobs").rglob("*") if path.is_file())
