"""What Schemathesis is told about this platform beyond its contracts."""

import uuid
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis
import schemathesis.auths
import schemathesis.openapi
from schemathesis.core import NotSet
from schemathesis.core.mutations import Mutation
from schemathesis.core.parameters import ParameterLocation

from signet_testing.fuzz import formats
from signet_testing.fuzz.account import Accounts
from signet_testing.fuzz.signing import Signer

AnyCase = schemathesis.Case[Any]
SECURITY = frozenset({"X-Api-Key", "Authorization", "X-Sign", "X-Timestamp", "X-Nonce"})
RANGES = ("bytes=0-0", "bytes=-1", "bytes=1048576-")
UPLOADING = ("POST", "PUT", "PATCH")
UNCOMMON = "§ 31415926535897932384 §"
FEWEST_CHARACTERS = 5
NOBODY = 2**53


def install(documents: list[dict[str, Any]], accounts: Accounts) -> None:
    """Register the generators of formats, the signer and the redirection of what would lock the fuzzer out."""
    for name, strategy in formats.strategies(documents).items():
        schemathesis.openapi.format(name, strategy)
    public = frozenset(
        (method.upper(), path) for document in documents for path, method, operation in operations(document)
        if operation.get("x-public")
    )  # fmt: skip
    schemathesis.auths.GLOBAL_AUTH_STORAGE.set_from_requests(Signer(accounts.fuzzer.secret, public, accounts.sign_in))
    schemathesis.hook("before_call")(spare(accounts))
    schemathesis.hook("filter_case")(is_worth_sending)
    schemathesis.hook("before_call")(keep_promises)


def operations(document: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Every (path, lower-case method, operation) of a contract."""
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, Mapping) and "responses" in operation
    ]


def spare(accounts: Accounts) -> Callable[..., None]:
    """Turn a change of a spared account to the victim's; reading the spared ones harms nobody.

    Deleting the victim would leave none for what comes after: users are deleted that the fuzzer has made.

    A key for a spared user is a change too: it would outlive the run, and its secret might stand in a report.
    """
    users = (accounts.spared_users, accounts.victim.user_id)
    instead = {"user_id": users, "api_key_id": (accounts.spared_api_keys, accounts.victim.api_key_id)}

    def before_call(_context: object, case: AnyCase, _kwargs: dict[str, Any]) -> None:
        if case.method.upper() == "GET":
            return
        if case.method.upper() == "DELETE" and _names(case.path_parameters.get("user_id"), users[0] | {users[1]}):
            case.path_parameters["user_id"] = NOBODY
        for name, (spared, victim) in instead.items():
            if _names(case.path_parameters.get(name), spared):
                case.path_parameters[name] = victim
        if isinstance(case.body, dict) and _names(case.body.get("user_id"), users[0]):
            case.body["user_id"] = users[1]

    return before_call


def is_worth_sending(_context: object, case: AnyCase) -> bool:
    """Drop what would be valid after all: what claims to lack security headers, and a stream that is not there.

    Signing puts the headers back; what happens without them is not lost: `ignored_auth` and the coverage phase send
    requests without signing. Of a stream, none and an empty one are the same bytes on the wire.
    """
    if isinstance(case.body, NotSet) and case.operation.definition.raw.get("x-stream") and case.method in UPLOADING:
        return False
    mutations = getattr(case.meta.phase.data, "mutations", ()) if case.meta else ()
    return not any(_removes_only_security(mutation, case.headers) for mutation in mutations)


def keep_promises(_context: object, case: AnyCase, _kwargs: dict[str, Any]) -> None:
    """Repair what was to be valid and is not, so that it tests what it was made for.

    No schema can say that a key ends in the future, nor that a password does not contain the user name (which never
    begins with a sign) and is not a common one, as the same character twelve times is. The coverage phase cannot write
    the quotation marks of an entity tag in a header and puts a 0 instead; and it repeats one Idempotency-Key, so that
    nearly everything would be a conflict. Nor does a schema tell a range from what is ignored as none: some become one.
    """
    if case.meta is None:
        return
    headers, positive = case.headers, case.meta.generation.mode.is_positive
    if positive and (text := headers.get("Range")):
        chosen = zlib.crc32(f"{text} {case.path_parameters}".encode())
        headers["Range"] = (*RANGES, text)[chosen % (len(RANGES) + 1)]
    if positive and isinstance(case.body, dict):
        _correct(case.body)
    if positive or getattr(case.meta.phase.data, "parameter_location", None) is not ParameterLocation.HEADER:
        for name, valid in (("If-Match", '"1"'), ("If-None-Match", '"1"'), ("Idempotency-Key", str(uuid.uuid4()))):
            if headers.get(name) == "0":
                headers[name] = valid


def _correct(body: dict[str, Any]) -> None:
    name = body.get("user_name")
    if isinstance(body.get("expires_at"), str):
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    for field in ("password", "new_password"):
        password = body.get(field)
        if isinstance(password, str) and (
            len(set(password)) < FEWEST_CHARACTERS or (isinstance(name, str) and name.casefold() in password.casefold())
        ):
            body[field] = UNCOMMON


def _names(value: object, ids: frozenset[int]) -> bool:
    return str(value) in map(str, ids)


def _removes_only_security(mutation: Mutation, headers: Mapping[str, object]) -> bool:
    """Whether any of several required headers may be missing, and those that are will be put back."""
    if mutation.parameter_location is not ParameterLocation.HEADER or mutation.parameter is not None:
        return False
    required = mutation.original_value
    return (
        mutation.keywords == ("required",)
        and isinstance(required, list)
        and SECURITY.issuperset(str(name) for name in required if name not in headers)
    )
