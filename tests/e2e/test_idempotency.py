"""Every unsafe operation of every contract, asked for twice under one Idempotency-Key.

What a service adds is covered as soon as it is in its contract.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.access import BODIES, OBJECTS, Cast, ContractOperation, as_session, read_operations
from signet_testing.platform import Platform
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
REPEAT_REFUSED: Mapping[str, ReturnCode] = {
    "createApiKey": ReturnCode.VALUE_DUPLICATE,  # the answer held a secret, which is stored nowhere
    "changePassword": ReturnCode.CREDENTIALS_INVALID,  # fails at the old password: no digest of the new one is kept
    "signOut": ReturnCode.TOKEN_INVALID,  # there is nothing left to sign with, as soon as the gateway knows
}


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
    caller, target, body = prepared(cast, operation)
    key = secrets.token_hex(16)
    first, second = (caller.call(operation.method, target, body, Idempotency_Key=key) for _ in range(2))
    assert first.code == ReturnCode.SUCCESS, first
    if second.code == REPEAT_REFUSED.get(operation.name):
        return
    assert operation.name not in REPEAT_REFUSED or operation.name == "signOut", second
    assert (second.code, second.body) == (ReturnCode.SUCCESS, first.body)
    if operation.name == "signOut":
        return
    other = caller.call(operation.method, f"{target}?", body, Idempotency_Key=key)
    assert other.code == ReturnCode.IDEMPOTENCY_CONFLICT, other


def prepared(cast: Cast, operation: ContractOperation) -> tuple[SignedApi, str, dict[str, Any] | None]:
    """Who asks, what for, and with what: the administrator about another's thing, or somebody about themselves."""
    own = "/me" in operation.path or operation.path.endswith("/current")
    owner = cast.member(password=True)
    kind = operation.object_kind
    target = operation.path.replace(f"{{{kind}}}", str(OBJECTS[kind](cast, owner))) if kind else operation.path
    caller = cast.admin
    if own:
        actor = cast.settle(owner, "administrator")
        actor = as_session(cast, actor) if operation.path.endswith("/current") else actor
        assert actor.credential is not None
        caller = cast.admin.as_(actor.credential)
    body = None
    if operation.body_schema:
        special = BODIES[operation.name](owner) if operation.name in BODIES else {}
        body = {**operation.minimal_body(), **special}
    return caller, target, body
