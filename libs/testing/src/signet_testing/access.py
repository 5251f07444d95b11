"""Who may do what, as the contracts say it, and how to make the things that it is done to.

Whatever a contract adds is found here by itself. A kind of object that `OBJECTS` does not know, or a body that cannot
be made up from its schema, is an error that says what to add.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from signet import ApiKeyCredential, Credential, TokenCredential
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.signed_api import SignedApi

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class ContractOperation:
    """One operation of a contract; `permission` is None where the contract names none."""

    service: str
    method: str
    path: str
    description: Mapping[str, Any] = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.description["operationId"])

    @property
    def permission(self) -> str | None:
        permission: str | None = self.description.get("x-permission")
        return permission

    @property
    def public(self) -> bool:
        return self.description.get("x-public") is True

    @property
    def object_kind(self) -> str | None:
        """The parameter of the path, `demo_id`, that names the object."""
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return names[-1] if names else None

    @property
    def listed_kind(self) -> str | None:
        """What a list's items are named by; None if the operation is no list."""
        schema = self.description["responses"]["200"]["content"][JSON]["schema"]
        data = self._resolved(self._resolved(schema).get("properties", {}).get("data", {}))
        lists = [part for part in data.get("properties", {}).values() if "items" in part]
        if self.method != "GET" or self.object_kind or "page" not in data.get("properties", {}) or not lists:
            return None
        return str(next(iter(self._resolved(lists[0]["items"])["properties"])))

    @property
    def names_a_user(self) -> bool:
        """Whether query or body can say whose it is about."""
        return "user_id" in self.query_parameters or "user_id" in self.body_schema.get("properties", {})

    @property
    def query_parameters(self) -> list[str]:
        return [part["name"] for part in self.description.get("parameters", []) if part["in"] == "query"]

    @property
    def body_schema(self) -> Mapping[str, Any]:
        content = self.description.get("requestBody", {}).get("content", {})
        return self._resolved(content.get(JSON, {}).get("schema", {}))

    def minimal_body(self) -> dict[str, Any]:
        """The required fields alone, with values that their schemas allow."""
        schema = self.body_schema
        return {name: self._value(schema["properties"][name]) for name in schema.get("required", ())}

    def _value(self, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        schema = self._resolved(schema["anyOf"][0]) if "anyOf" in schema else schema
        if "enum" in schema:
            return schema["enum"][0]
        if "email" in schema.get("format", ""):
            return f"{_word()}@example.org"
        values = {"string": _word(), "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
        return secrets.token_urlsafe(18) if "password" in schema.get("format", "") else values[schema["type"]]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = schema.get("$ref")
        return schema if reference is None else self.document["components"]["schemas"][reference.rpartition("/")[2]]


def read_operations(folder: Path) -> Iterator[ContractOperation]:
    """Every operation of every contract in a folder, but the gateway's own pages, which have no service behind."""
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.load(path.read_text(), yaml.CSafeLoader)
        if (service := document["info"]["x-service"]) == "gateway":
            continue
        for target, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield ContractOperation(service, method.upper(), target, item[method], document)


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
        name = _word()
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

    def _make(self, name: str, fields: Mapping[str, object], maker: SignedApi | None = None) -> dict[str, Any]:
        operation = self._operations[name]
        body = {**operation.minimal_body(), **fields}
        return self._done((maker or self.admin).call(operation.method, operation.path, body))

    @staticmethod
    def _done(answer: RawAnswer) -> dict[str, Any]:
        assert answer.code == 200, answer
        data: dict[str, Any] = answer.envelope["data"]
        return data


OBJECTS: Mapping[str, Callable[[Cast, Member], int]] = {
    "demo_id": lambda cast, owner: cast.demo(owner)["demo_id"],
    "user_id": lambda _, owner: owner.user_id,
    "api_key_id": lambda cast, owner: cast.api_key(owner.user_id)["api_key_id"],
    "session_id": lambda cast, owner: cast.session(owner)["session_id"],
    "role_id": lambda cast, _: cast.role()["role_id"],
}
"""How somebody comes by an object of each kind, named as the path names it."""

OWNERLESS = frozenset({"role_id", "record_id"})
"""Kinds that belong to nobody: there is no scope `own` on them."""

BODIES: Mapping[str, Callable[[Member], Mapping[str, Any]]] = {
    "updateDemo": lambda _: {"demo_state": "active"},
    "postDemo": lambda _: {"demo_state": "active"},
    "updateUser": lambda _: {"display_name": "Changed"},
    "updateMe": lambda _: {"display_name": "Changed"},
    "updateApiKey": lambda _: {"key_name": _word()},
    "updateRole": lambda _: {"description": "changed"},
    "changePassword": lambda member: {"old_password": member.password},
}
"""What a body must hold beside its required fields, or instead of what can be made up for them."""

QUERIES: Mapping[str, str] = {"explainAccess": "permission=demo:create"}
"""What a query must hold."""


def as_session(cast: Cast, member: Member) -> Member:
    """The same member, signing with a session."""
    made = cast.session(member)
    return replace(member, credential=TokenCredential(made["token"], made["secret"]))


def _word() -> str:
    return f"w{secrets.token_hex(6)}"


def _freshness() -> tuple[tuple[str, str], ...]:
    """What an unsigned change carries all the same."""
    return ("X-Timestamp", str(int(time.time()))), ("X-Nonce", secrets.token_hex(16))
