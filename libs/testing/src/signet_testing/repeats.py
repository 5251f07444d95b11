"""Unsafe operations that are asked for again under one Idempotency-Key, and what came of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signet_protocol.return_codes import ReturnCode
from signet_testing.access import BODIES, OBJECTS, Cast, ContractOperation, as_session
from signet_testing.raw_http import RawAnswer, RawRequest
from signet_testing.signed_api import SignedApi

REPEAT_REFUSED: Mapping[str, ReturnCode] = {
    "createApiKey": ReturnCode.VALUE_DUPLICATE,  # the answer held a secret, which is stored nowhere
    "changePassword": ReturnCode.CREDENTIALS_INVALID,  # fails at the old password: no digest of the new one is kept
    "signOut": ReturnCode.TOKEN_INVALID,  # there is nothing left to sign with, as soon as the gateway knows
}
"""Where the first answer is not given again, and why."""
_NO_CHANGE = {"query", "login_failed", "refused"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, what for, and with what: the administrator about another's thing, or somebody about themselves."""

    caller: SignedApi
    method: str
    target: str
    body: dict[str, Any] | None

    def request(self, key: str) -> RawRequest:
        """The request, signed anew each time as a client does."""
        return self.caller.prepare(self.method, self.target, self.body, Idempotency_Key=key)


def prepared(cast: Cast, operation: ContractOperation) -> Asked:
    """Make whatever the operation needs to succeed and to change something."""
    own = "/me" in operation.path or operation.path.endswith("/current")
    owner = cast.member(password=True)
    kind = operation.object_kind
    target = operation.path.replace(f"{{{kind}}}", str(OBJECTS[kind](cast, owner))) if kind else operation.path
    if "user_id" in operation.query_parameters:
        cast.session(owner)
        target = f"{target}?user_id={owner.user_id}"
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
    return Asked(caller, operation.method, target, body)


def changes(cast: Cast, service: str, answers: list[RawAnswer]) -> list[Counter[tuple[str, str, str]]]:
    """How often each (resource, operation, object id) was changed by these requests, for each that changed something.

    All records that there will be are there: one of a later change by the same service is awaited first.
    """
    later = cast.role if service == "identity" else lambda: cast.demo(cast.member())
    made = later()
    resource = "role" if service == "identity" else "demo"
    cast.admin.records(resource=resource, object_id=made[f"{resource}_id"])
    found = []
    for request_id in sorted({answer.headers["X-Request-Id"] for answer in answers}):
        records = [record for record in _records(cast, request_id) if record["operation"] not in _NO_CHANGE]
        told = Counter((record["resource"], record["operation"], str(record["object_id"])) for record in records)
        found += [told] if told else []
    return found


def _records(cast: Cast, request_id: str) -> list[dict[str, Any]]:
    """What is told of one request so far."""
    answer = cast.admin.call("GET", f"/api/v1/audit/records?per_page=100&request_id={request_id}")
    assert answer.code == ReturnCode.SUCCESS, answer
    records: list[dict[str, Any]] = answer.envelope["data"]["records"]
    return records
