"""Two at once: what must hold however transactions interleave. On SQLite there is one writer; servers have many."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Self

import pytest
from sqlalchemy import Connection, delete, insert

from signet_common.sql.database import Database
from signet_identity.adapters.outbound.roles import SqlRoles
from signet_identity.adapters.outbound.tables import ROLE_PERMISSIONS, ROLES

USERS = "/api/v1/users"


def at_once(*calls: Callable[[], int]) -> list[int]:
    """Make the calls in threads that start together."""
    barrier, answers = threading.Barrier(len(calls)), []

    def run(call: Callable[[], int]) -> None:
        barrier.wait(timeout=10)
        answers.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(answers)


@pytest.mark.parametrize("round_", range(3))
def test_two_administrators_cannot_both_leave(plain_api, round_):
    """Each alone may go; both together would lock everybody out."""
    second = plain_api.user("grace", "administrator")["user_id"]

    def leave(user_id: int) -> Callable[[], int]:
        return lambda: plain_api.code("PATCH", f"{USERS}/{user_id}", {"user_state": "inactive"}, user_id=user_id)

    assert at_once(leave(1), leave(second)) == [200, 403002]


def test_one_name_is_given_once(plain_api):
    """The unique constraint decides, and the loser hears of it as of any duplicate."""
    call = lambda: plain_api.code("POST", USERS, {"user_name": "ada"})  # noqa: E731
    assert at_once(call, call, call) == [200, 409001, 409001]


def test_one_key_is_revoked_once(plain_api):
    """One of them ended it; the other is told that there is nothing to end, or that it just changed."""
    key = plain_api.data("POST", "/api/v1/api-keys", {})["api_key_id"]
    call = lambda: plain_api.code("DELETE", f"/api/v1/api-keys/{key}")  # noqa: E731
    answers = at_once(call, call)
    assert answers[0] == 200
    assert answers[1] in (404001, 412001)
    assert len(plain_api.events("api_key.delete")) == 1


def test_a_token_used_twice_at_once_works_once(plain_api):
    """The one row that is updated decides; the other is told what it would be told a second later."""
    token = reset_token(plain_api)

    def complete(password: str) -> Callable[[], int]:
        return lambda: plain_api.code(
            "POST", "/api/v1/password-resets/complete", {"token": token, "new_password": password}
        )

    passwords = ["staple of one stable", "staple of two stables", "staple of three stables"]
    assert at_once(*map(complete, passwords)) == [200, 401009, 401009]
    sign_in = lambda text: plain_api.code("POST", "/api/v1/sessions", {"login": "ada", "password": text})  # noqa: E731
    assert sorted(map(sign_in, passwords)) == [200, 401011, 401011]
    assert len(plain_api.events("password_reset.complete")) == 1


def test_asking_at_once_does_not_get_more_mails_than_asking_in_turn(plain_api):
    """The limit is counted under a lock of the account."""
    plain_api.user("ada", email="ada@example.org", password="correct horse battery")
    call = lambda: plain_api.code("POST", "/api/v1/password-resets", {"login": "ada"})  # noqa: E731
    assert at_once(*[call] * 6) == [200] * 6
    told = [event["data"]["changes"]["outcome"][1] for event in plain_api.events("password_reset.insert")]
    assert sorted(told) == ["mailed"] * 3 + ["too_many"] * 3


def reset_token(api) -> str:
    api.user("ada", email="ada@example.org", password="correct horse battery")
    assert api.code("POST", "/api/v1/password-resets", {"login": "ada"}) == 200
    [mail] = api.mails()
    return mail["values"]["token"]


@pytest.mark.parametrize("demotes", [True, False])
def test_two_administrators_cannot_remove_each_other(plain_api, demotes):
    """Each sees the other in office; whoever comes second finds itself the last one, or has lost the right to."""
    second = plain_api.user("grace", "administrator")["user_id"]

    def remove(user_id: int, by: int) -> Callable[[], int]:
        if demotes:
            return lambda: plain_api.code("PATCH", f"{USERS}/{user_id}", {"roles": ["user"]}, user_id=by)
        return lambda: plain_api.code("DELETE", f"{USERS}/{user_id}", user_id=by)

    assert at_once(remove(1, second), remove(second, 1)) == [200, 403002]


class Administering:
    """A change of a role that stands in the middle of its transaction until it is let go."""

    def __init__(self, database: Database, change: Callable[[Connection], object]) -> None:
        self._locked, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=database.write, args=(self._work,))
        self._change = change

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._locked.wait(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._go.set()
        self._thread.join(timeout=30)

    def let_go_while(self, call: Callable[[], int]) -> int:
        """Make a call, which shall have to wait, and let the change commit; returns the call's answer."""
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(call)
            # An answer within this time was given without waiting for the change, which is what must not be.
            wait([answer], timeout=0.5)
            self._go.set()
            return answer.result(timeout=30)

    def _work(self, connection: Connection) -> None:
        SqlRoles(connection).lock_administration()
        self._locked.set()
        self._go.wait(timeout=20)
        self._change(connection)


@pytest.fixture
def manager(plain_api):
    """Somebody who may create users who may create demos."""
    permissions = [{"permission": name, "scope": "any"} for name in ("user:create", "demo:create")]
    plain_api.data("POST", "/api/v1/roles", {"role_name": "manager", "permissions": permissions})
    return plain_api.user("grace", "manager")["user_id"]


@pytest.fixture
def reader(plain_api):
    permissions = [{"permission": "demo:create", "scope": "any"}]
    body = {"role_name": "reader", "permissions": permissions}
    return plain_api.data("POST", "/api/v1/roles", body)["role_id"]


def test_a_new_user_gets_no_right_that_a_role_just_gained(plain_api, manager, reader):
    """The creator's rights are compared with what the role permits when it is given, not a moment before."""
    gained = insert(ROLE_PERMISSIONS).values(role_id=reader, permission="role:delete", scope="any")
    create = lambda: plain_api.code("POST", USERS, {"user_name": "ada", "roles": ["reader"]}, user_id=manager)  # noqa: E731
    with Administering(plain_api.service.database, lambda connection: connection.execute(gained)) as change:
        assert change.let_go_while(create) == 403002


def test_a_new_user_does_not_get_a_role_that_is_being_deleted(plain_api, reader):
    """The role is there or it is not: neither an account without it nor a failure of the database."""

    def delete_role(connection: Connection) -> None:
        for table in (ROLE_PERMISSIONS, ROLES):
            connection.execute(delete(table).where(table.c.role_id == reader))

    create = lambda: plain_api.code("POST", USERS, {"user_name": "ada", "roles": ["reader"]})  # noqa: E731
    with Administering(plain_api.service.database, delete_role) as change:
        assert change.let_go_while(create) == 400002


def test_a_role_is_not_deleted_from_under_its_new_holder(plain_api):
    """Either the role is gone and cannot be given, or it is given and cannot go."""
    role = plain_api.data("POST", "/api/v1/roles", {"role_name": "reader"})["role_id"]
    give = lambda: plain_api.code("PATCH", f"{USERS}/1", {"roles": ["administrator", "reader"]})  # noqa: E731
    answers = at_once(lambda: plain_api.code("DELETE", f"/api/v1/roles/{role}"), give)
    assert answers in ([200, 403002], [200, 400002])
