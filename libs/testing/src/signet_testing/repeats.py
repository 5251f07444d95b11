"""Unsafe operations that are asked for again under one Idempotency-Key, and what came of them."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from signet_protocol.return_codes import ReturnCode
from signet_testing.access import Cast, as_session, request_of, thing
from signet_testing.contract_operations import ContractOperation
from signet_testing.raw_http import RawAnswer, RawRequest
from signet_testing.signed_api import SignedApi, Streamed

REPEAT_REFUSED: Mapping[str, ReturnCode] = {
    "createApiKey": ReturnCode.VALUE_DUPLICATE,  # the answer held a secret, which is stored nowhere
    "changePassword": ReturnCode.CREDENTIALS_INVALID,  # fails at the old password: no digest of the new one is kept
    "signOut": ReturnCode.TOKEN_INVALID,  # there is nothing left to sign with, as soon as the gateway knows
}
"""Where the first answer is not given again, and why."""
LATER: Mapping[str, tuple[str, Callable[[Cast], Mapping[str, Any]]]] = {
    "identity": ("role", lambda cast: cast.role()),
    "resources": ("demo", lambda cast: cast.demo(cast.member())),
    "files": ("file", lambda cast: cast.file(cast.member())),
    "scheduler": ("schedule", lambda cast: cast.schedule(cast.member())),
}
"""A change of something by each service that makes any."""
_NO_CHANGE = {"query", "login_failed", "refused"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, what for, and with what: an administrator, about another's thing or about themselves."""

    caller: SignedApi
    method: str
    target: str
    body: dict[str, Any] | Streamed | None

    def request(self, key: str) -> RawRequest:
        """The request, signed anew each time as a client does."""
        return self.caller.prepare(self.method, self.target, self.body, Idempotency_Key=key)


def prepared(cast: Cast, operation: ContractOperation) -> Asked:
    """Make whatever the operation needs to succeed and to change something."""
    owner = cast.member(password=True)
    made = thing(cast, operation, owner)
    if "user_id" in operation.query_parameters:
        cast.session(owner)
    current = operation.path.endswith("/current")
    actor = cast.settle(owner if current or "/me" in operation.path else cast.member(), "administrator")
    actor = as_session(cast, actor) if current else actor
    assert actor.credential is not None
    return Asked(cast.admin.as_(actor.credential), operation.method, *request_of(operation, actor, owner, made))


def changes(cast: Cast, service: str, answers: list[RawAnswer]) -> list[Counter[tuple[str, str, str, str]]]:
    """How often each change of each object was made by these requests, for each that changed something.

    All records that there will be are there: one of a later change by the same service is awaited first.
    """
    resource, change = LATER[service]
    cast.admin.records(resource=resource, object_id=change(cast)[f"{resource}_id"])
    found = []
    for request_id in sorted({answer.headers["X-Request-Id"] for answer in answers}):
        records = [record for record in _records(cast, request_id) if record["operation"] not in _NO_CHANGE]
        told = Counter(_change(record) for record in records)
        found += [told] if told else []
    return found


def _change(record: dict[str, Any]) -> tuple[str, str, str, str]:
    """Resource, operation, object and what became of it: one request may begin something and end it, too."""
    changes = json.dumps(record["changes"], sort_keys=True)
    return record["resource"], record["operation"], str(record["object_id"]), changes


def _records(cast: Cast, request_id: str) -> list[dict[str, Any]]:
    """What is told of one request so far."""
    answer = cast.admin.call("GET", f"/api/v1/audit/records?per_page=100&request_id={request_id}")
    assert answer.code == ReturnCode.SUCCESS, answer
    records: list[dict[str, Any]] = answer.envelope["data"]["records"]
    return records
