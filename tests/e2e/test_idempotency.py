"""Every unsafe operation of every contract, asked for again under one Idempotency-Key: afterwards, and at once.

What a service adds is covered as soon as it is in its contract.
"""

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.access import Cast, ContractOperation, read_operations
from signet_testing.platform import Platform
from signet_testing.raw_http import send
from signet_testing.repeats import REPEAT_REFUSED, changes, prepared
from signet_testing.signed_api import SignedApi

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
    path, _, query = asked.target.partition("?")
    elsewhere = f"{path}?user_id={cast.member().user_id}" if query else f"{path}?"
    other = send(asked.caller.port, replace(asked, target=elsewhere).request(key))
    assert other.code == ReturnCode.IDEMPOTENCY_CONFLICT, other


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
