"""What a grant costs identity: with ten users, and with 10,000 users who hold 1,000 permissions.

Identity is asked as the gateway asks it, past the gateway; nginx stands between for wrk's sake and is in the times, not
in the CPU. Users, roles and permissions are written into its database: how they got there is not measured. Only SQLite,
where the query plans that could go wrong are the same.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.bench import accounting, load, plain_proxy
from tests.bench.load import Load
from tests.bench.profiles import Measured
from tests.bench.signed_requests import HOST

from signet_common.passport import Passport, PassportIssuer, parse_keys
from signet_protocol.signing import body_digest

SECONDS = 4
MOST_PER_SECOND = 4_000
FEW_USERS, MANY_USERS = 10, 10_000
ROLES, PERMISSIONS_EACH = 20, 50
TARGET = "/internal/grants"


@dataclass(frozen=True, slots=True)
class GrantCost:
    """One grant in a house of so many users and permissions."""

    users: int
    permissions: int
    load: Load
    cpu_ms: float


def measure(measured: Measured, folder: Path) -> list[GrantCost]:
    """Measure with few, then with many."""
    path = measured.platform.settings_of("identity-web")["IDENTITY_DATABASE_URL"].removeprefix("sqlite:///")
    costs = []
    for users, permissions in ((FEW_USERS, 0), (MANY_USERS, ROLES * PERMISSIONS_EACH)):
        _populate(path, users, permissions)
        costs.append(_cost(measured, folder, users, permissions))
    return costs


def _cost(measured: Measured, folder: Path, users: int, permissions: int) -> GrantCost:
    trees = {"identity-web": measured.trees["identity-web"]}
    requests = folder / "grants"
    with plain_proxy.in_front_of(measured.platform.door_of("identity-web")) as front:
        load.write_requests(requests, _questions(measured, MOST_PER_SECOND))
        load.run(front.url, requests, 1)
        accounting.wait_until_quiet(trees, lambda: True)
        load.write_requests(requests, _questions(measured, MOST_PER_SECOND * SECONDS))
        before = accounting.cpu_ms(trees)
        found = load.run(front.url, requests, SECONDS)
        used = accounting.cpu_ms(trees)["identity-web"] - before["identity-web"]
    return GrantCost(users, permissions, found, used / found.requests)


def _questions(measured: Measured, count: int) -> Iterator[bytes]:
    """The same question again and again: nothing of an answer is remembered on that side."""
    settings = measured.platform.settings_of("gateway-web")
    body = json.dumps({"kind": "api_key", "credential": measured.platform.first_run.api_key}).encode()
    passport = Passport(
        issuer="gateway", audience="identity", request_id="0" * 32, method="POST", target=TARGET,
        body_sha256=body_digest(body), authentication="service",
    )  # fmt: skip
    issuer = PassportIssuer("gateway", parse_keys(settings["GATEWAY_PASSPORT_ISSUES"]))
    lines = (
        f"POST {TARGET} HTTP/1.1", f"Host: {HOST}", "Content-Type: application/json",
        f"Content-Length: {len(body)}", f"X-Passport: {issuer.issue(passport)}", "", "",
    )  # fmt: skip
    request = "\r\n".join(lines).encode("ascii") + body
    for _ in range(count):
        yield request


def _populate(path: str, users: int, permissions: int) -> None:
    """Copies of the first user, up to `users` in all, each with one of the roles that hold the permissions."""
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        held = connection.execute("SELECT count(*) FROM users").fetchone()[0]
        for number in range(held, users):
            name = f"bench-{number}"
            changed = {"user_name": name, "user_name_key": name, "email": None, "pending_email": None, "phone": None}
            user = _copy(connection, "users", "user_id", changed)
            if permissions:
                role = _role(connection, number % ROLES)
                connection.execute("INSERT INTO user_roles (user_id, role_id) VALUES (?, ?)", (user, role))


def _role(connection: sqlite3.Connection, number: int) -> int:
    """The id of one role; made with its permissions when it is first asked for."""
    name = f"bench-role-{number}"
    found = connection.execute("SELECT role_id FROM roles WHERE role_name = ?", (name,)).fetchone()
    if found is not None:
        return int(found[0])
    role = _copy(connection, "roles", "role_id", {"role_name": name})
    rows = [(role, f"bench_{number}_{each}:query", "own") for each in range(PERMISSIONS_EACH)]
    connection.executemany("INSERT INTO role_permissions (role_id, permission, scope) VALUES (?, ?, ?)", rows)
    return role


def _copy(connection: sqlite3.Connection, table: str, key: str, changes: dict[str, str | None]) -> int:
    """Insert a copy of the row with key 1; returns its own key."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != key]
    values = [f":{name}" if name in changes else name for name in columns]
    copied = connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} WHERE {key} = 1",
        changes,
    )
    assert copied.lastrowid
    return copied.lastrowid
