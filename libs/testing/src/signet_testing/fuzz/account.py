"""A disposable administrator, so that the fuzzer may change and revoke whatever it meets and still go on.

The credentials from outside make it, and clear it away at the end. Spared are the account and the key of whoever
started the run, and the fuzzer's own. Requests that would hit them are turned to a victim made for that, so every
operation is still exercised on things that exist.
"""

import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from signet_testing.fuzz.errors import CannotFuzz
from signet_testing.fuzz.signing import Secret, Signer

SECONDS = 30
USERS = "/api/v1/users"
API_KEYS = "/api/v1/api-keys"
SESSIONS = "/api/v1/sessions"
PER_PAGE = 100


class Caller:
    """Sends well-formed requests under one credential."""

    def __init__(self, url: str, secret: Secret) -> None:
        self._url = url
        self._secret = secret
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment cannot reach this machine's own gateway

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer's `data`; raises CannotFuzz with the refusal."""
        public = frozenset({("POST", SESSIONS)})
        auth = Signer(self._secret, public, lambda: self._secret)
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method in {"POST", "PATCH"} and path != SESSIONS else {}
        try:
            answer = self._session.request(
                method, self._url + path, json=body, auth=auth, headers=headers, timeout=SECONDS, allow_redirects=False
            )
            envelope = answer.json()
        except requests.RequestException as failed:
            raise CannotFuzz(f"{method} {path}: {failed}") from failed
        if envelope.get("return_code") != requests.codes.ok:
            raise CannotFuzz(f"{method} {path}: {envelope.get('return_code')} {envelope.get('return_msg')}")
        return envelope["data"]


@dataclass(frozen=True, slots=True)
class Person:
    """A user with an API key."""

    user_id: int
    api_key_id: int
    user_name: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who fuzzes, who is hit instead of the spared ones, and who is spared."""

    url: str
    fuzzer: Person
    password: str
    victim: Person
    spared_users: frozenset[int]
    spared_api_keys: frozenset[int]

    def sign_in(self) -> Secret:
        """Open a session of the fuzzer. Raises CannotFuzz."""
        caller = Caller(self.url, self.fuzzer.secret)
        opened = caller.call("POST", SESSIONS, {"login": self.fuzzer.user_name, "password": self.password})
        return Secret(opened["token"], opened["secret"], token=True)

    def check(self) -> None:
        """Raise CannotFuzz if the fuzzer lost its account on the way: what came after that proves nothing."""
        Caller(self.url, self.fuzzer.secret).call("GET", f"{USERS}/me")


@contextmanager
def disposable(url: str, owner: Secret) -> Iterator[Accounts]:
    """Make the accounts with the credentials of `owner`, and disable them afterwards. Raises CannotFuzz."""
    caller = Caller(url, owner)
    me = caller.call("GET", f"{USERS}/me")
    password = secrets.token_urlsafe(24)
    fuzzer = _person(caller, "administrator", password)
    victim = _person(caller, "user", None)
    try:
        accounts = Accounts(
            url=url,
            fuzzer=fuzzer,
            password=password,
            victim=victim,
            spared_users=frozenset({me["user_id"], fuzzer.user_id}),
            spared_api_keys=frozenset({_id_of(caller, owner), fuzzer.api_key_id}),
        )
        # Whoever signed in from here once is not kept out by the failures that the fuzzer is about to make.
        accounts.sign_in()
        yield accounts
    finally:
        for person in (fuzzer, victim):
            caller.call("PATCH", f"{USERS}/{person.user_id}", {"user_state": "inactive"})


def _person(caller: Caller, role: str, password: str | None) -> Person:
    name = f"fuzz-{secrets.token_hex(6)}"
    body = {"user_name": name, "roles": [role]} | ({"password": password} if password else {})
    user_id = caller.call("POST", USERS, body)["user_id"]
    key = caller.call("POST", API_KEYS, {"user_id": user_id, "description": "fuzzing"})
    return Person(user_id, key["api_key_id"], name, Secret(key["api_key"], key["secret"]))


def _id_of(caller: Caller, owner: Secret) -> int:
    """The number of the API key that `owner` signs with."""
    page = 1
    while True:
        found = caller.call("GET", f"{API_KEYS}?page={page}&per_page={PER_PAGE}")
        for key in found["api_keys"]:
            if key["api_key"] == owner.credential:
                return int(key["api_key_id"])
        if not found["has_more"]:
            raise CannotFuzz("the API key of SIGNET_API_KEY is not among those that it may list")
        page += 1
