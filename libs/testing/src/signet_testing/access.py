"""Who asks for what, and how to make the things that it is done to.

Whatever a contract adds is found here by itself. A kind of object that `OBJECTS` does not know, or a body that cannot
be made up from its schema, is an error that says what to add.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from signet import ApiKeyCredential, Credential, TokenCredential
from signet_testing.contract_operations import JSON, ContractOperation, new_word
from signet_testing.eventually import eventually
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.signed_api import SignedApi, Streamed

CONTENT_BYTES = 100
"""How much the files that are made here hold."""
DRILL = "drill"
"""The job that does nothing, as long and as badly as it is told to."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the stage, with a password and an e-mail address; `credential` is None for nobody at all."""

    user_id: int
    user_name: str
    credential: Credential | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)


class Cast:
    """Makes members and their things, in the name of an administrator, with the bodies that the contracts ask for."""

    def __init__(self, admin: SignedApi, operations: Iterable[ContractOperation]) -> None:
        self.admin = admin
        self._operations = {operation.name: operation for operation in operations}

    def member(self, *, password: bool = False) -> Member:
        """An account that may make things: it has the role `user` until `settle` gives it its own."""
        secret = secrets.token_urlsafe(18) if password else ""
        name = new_word()
        account = {"user_name": name, "email": f"{name}@example.org", "roles": ["user"]}
        made = self._make("createUser", account | ({"password": secret} if secret else {}))
        return Member(made["user_id"], name, self.key(made["user_id"]), secret)

    def settle(self, member: Member, role: str | None) -> Member:
        """The member with that role or none, and with a credential that no worker has seen with another one."""
        roles = {"roles": [] if role is None else [role]}
        self._done(self.admin.call("PATCH", f"/api/v1/users/{member.user_id}", roles))
        return replace(member, credential=self.key(member.user_id))

    def key(self, user_id: int) -> ApiKeyCredential:
        """A new credential of somebody's."""
        made = self.api_key(user_id)
        return ApiKeyCredential(made["api_key"], made["secret"])

    def api_key(self, user_id: int) -> dict[str, Any]:
        """A new API key of somebody's."""
        return self._make("createApiKey", {"user_id": user_id})

    def session(self, member: Member) -> dict[str, Any]:
        """A session of a member's, who needs a password for it."""
        body = b'{"login":"%b","password":"%b"}' % (member.user_name.encode(), member.password.encode())
        headers = (("Content-Type", JSON), *_freshness())
        return self._done(send(self.admin.port, RawRequest("POST", "/api/v1/sessions", headers, body)))

    def demo(self, member: Member) -> dict[str, Any]:
        """A demo that the member has made."""
        assert member.credential is not None
        return self._make("createDemo", {}, self.admin.as_(member.credential))

    def role(self) -> dict[str, Any]:
        """A role that permits nothing."""
        return self._make("createRole", {})

    def file(self, member: Member) -> dict[str, Any]:
        """A file that the member has uploaded."""
        assert member.credential is not None
        operation = self._operations["uploadFile"]
        return self._done(self.admin.as_(member.credential).call(operation.method, *request_of(operation, member)))

    def deleted_file(self, member: Member) -> dict[str, Any]:
        """A file that the member has deleted, and may bring back."""
        assert member.credential is not None
        made = self.file(member)
        gone = self.admin.as_(member.credential).call("DELETE", f"/api/v1/files/{made['file_id']}")
        assert gone.code == 200, gone
        return made

    def run(self, member: Member, **arguments: Any) -> dict[str, Any]:
        """A run of the drill that the member has asked for, as an operator."""
        operation = self._operations["runJob"]
        target = operation.path.replace("{job_name}", DRILL)
        return self._done(self._operator(member).call(operation.method, target, {"arguments": arguments}))

    def ended_run(self, member: Member) -> dict[str, Any]:
        """A run of the member's that is over: succeeded, or cancelled before any worker took it."""
        made = self.run(member)
        target = f"/api/v1/runs/{made['run_id']}"
        self.admin.call("POST", f"{target}/cancel")
        return eventually(lambda: self._ended(target))

    def schedule(self, member: Member) -> dict[str, Any]:
        """A schedule that the member has made, as an operator."""
        return self._make("createSchedule", BODIES["createSchedule"](member), self._operator(member))

    def _ended(self, target: str) -> dict[str, Any]:
        run = self._done(self.admin.call("GET", target))
        return run if run["ended_at"] else {}

    def _operator(self, member: Member) -> SignedApi:
        """The member with the role that may have things done by the scheduler."""
        credential = self.settle(member, "operator").credential
        assert credential is not None
        return self.admin.as_(credential)

    def mail(self) -> dict[str, Any]:
        """A mail to an address of its own."""
        mails: list[dict[str, Any]] = self._make("createMails", mail_body())["mails"]
        return mails[0]

    def _make(self, name: str, fields: Mapping[str, object], maker: SignedApi | None = None) -> dict[str, Any]:
        operation = self._operations[name]
        body = {**operation.minimal_body(), **fields}
        return self._done((maker or self.admin).call(operation.method, operation.path, body))

    @staticmethod
    def _done(answer: RawAnswer) -> dict[str, Any]:
        assert answer.code == 200, answer
        data: dict[str, Any] = answer.envelope["data"]
        return data


OBJECTS: Mapping[str, Callable[[Cast, Member], int | str]] = {
    "demo_id": lambda cast, owner: cast.demo(owner)["demo_id"],
    "user_id": lambda _, owner: owner.user_id,
    "api_key_id": lambda cast, owner: cast.api_key(owner.user_id)["api_key_id"],
    "session_id": lambda cast, owner: cast.session(owner)["session_id"],
    "role_id": lambda cast, _: cast.role()["role_id"],
    "file_id": lambda cast, owner: cast.file(owner)["file_id"],
    "job_name": lambda *_: DRILL,
    "run_id": lambda cast, owner: cast.run(owner)["run_id"],
    "schedule_id": lambda cast, owner: cast.schedule(owner)["schedule_id"],
    "mail_id": lambda cast, _: cast.mail()["mail_id"],
}
"""How somebody comes by an object of each kind, named as the path names it."""

SPECIAL_OBJECTS: Mapping[str, Callable[[Cast, Member], int | str]] = {
    "undeleteFile": lambda cast, owner: cast.deleted_file(owner)["file_id"],
    # Whatever fails waits for its next attempt, and holds no worker meanwhile.
    "cancelRun": lambda cast, owner: cast.run(owner, fails=True)["run_id"],
    "retryRun": lambda cast, owner: cast.ended_run(owner)["run_id"],
}
"""How somebody comes by what an operation is about that takes no other object of the kind."""

OWNERLESS = frozenset({"role_id", "record_id", "job_name", "mail_id"})
"""Kinds that belong to nobody: there is no scope `own` on them."""

BODIES: Mapping[str, Callable[[Member], Mapping[str, Any]]] = {
    "updateDemo": lambda _: {"demo_state": "active"},
    "postDemo": lambda _: {"demo_state": "active"},
    "updateUser": lambda _: {"display_name": "Changed"},
    "updateMe": lambda _: {"display_name": "Changed"},
    "updateApiKey": lambda _: {"key_name": new_word()},
    "updateRole": lambda _: {"description": "changed"},
    "changePassword": lambda member: {"old_password": member.password},
    "updateFile": lambda _: {"file_name": new_word()},
    "createSchedule": lambda _: {"job_name": DRILL, "cron": "0 0 29 2 *"},
    "updateSchedule": lambda _: {"cron": "0 12 29 2 *"},
    "createMails": lambda _: mail_body(),
}
"""What a body must hold beside its required fields, or instead of what can be made up for them."""

QUERIES: Mapping[str, str] = {"explainAccess": "permission=demo:create", "uploadFile": "file_name=scan.dcm"}
"""What a query must hold."""


def mail_body() -> dict[str, Any]:
    """A mail to somebody who has never been sent one: an address gets a few an hour."""
    values = {"subject_line": "hello", "text": "Hello."}
    return {"to": [f"{new_word()}@example.org"], "template": "notice", "values": values}


def thing(cast: Cast, operation: ContractOperation, owner: Member) -> int | str | None:
    """A new thing of the owner's that the operation is about, or lists; None where there is nothing of the kind."""
    kind = operation.object_kind or operation.listed_kind
    make = SPECIAL_OBJECTS.get(operation.name) or OBJECTS.get(kind or "")
    return None if make is None else make(cast, owner)


def request_of(
    operation: ContractOperation, actor: Member, owner: Member | None = None, made: int | str | None = None
) -> tuple[str, dict[str, Any] | Streamed | None]:
    """Target and body for an actor who asks about the owner's thing; about their own, if no owner is named."""
    owner = owner or actor
    kind = operation.object_kind
    target = operation.path.replace(f"{{{kind}}}", str(made)) if kind else operation.path
    queries = [QUERIES[operation.name]] if operation.name in QUERIES else []
    if "user_id" in operation.query_parameters and owner.user_id != actor.user_id:
        queries.append(f"user_id={owner.user_id}")
    return (f"{target}?{'&'.join(queries)}" if queries else target), _body(operation, actor, owner)


def _body(operation: ContractOperation, actor: Member, owner: Member) -> dict[str, Any] | Streamed | None:
    if operation.uploads:
        return Streamed(secrets.token_bytes(CONTENT_BYTES))
    if not operation.body_schema:
        return None
    special = BODIES[operation.name](actor) if operation.name in BODIES else {}
    about = {"user_id": owner.user_id} if "user_id" in operation.body_schema["properties"] else {}
    return {**operation.minimal_body(), **special, **about}


def as_session(cast: Cast, member: Member) -> Member:
    """The same member, signing with a session."""
    made = cast.session(member)
    return replace(member, credential=TokenCredential(made["token"], made["secret"]))


def _freshness() -> tuple[tuple[str, str], ...]:
    """What an unsigned change carries all the same."""
    return ("X-Timestamp", str(int(time.time()))), ("X-Nonce", secrets.token_hex(16))
