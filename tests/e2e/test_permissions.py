"""Who may do what, and how fast a decision against somebody reaches every worker of the gateway."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from signet import Client
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.people import add_person
from signet_testing.platform import Platform
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
FRESH_CONNECTIONS = 40
"""So many that each of the three workers serves some: the kernel spreads connections over whoever is waiting."""


@pytest.mark.parametrize(
    ("role", "method", "target", "body", "code"),
    [
        ("user", "GET", "/api/v1/audit/records", None, ReturnCode.RESOURCE_ACCESS_FORBIDDEN),
        ("user", "GET", "/api/v1/roles", None, ReturnCode.RESOURCE_ACCESS_FORBIDDEN),
        ("user", "POST", "/api/v1/users", {"user_name": "mallory"}, ReturnCode.RESOURCE_CREATE_FORBIDDEN),
        ("user", "PATCH", "/api/v1/roles/1", {"description": "mine"}, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        ("auditor", "POST", DEMOS, {"demo_name": "no"}, ReturnCode.RESOURCE_CREATE_FORBIDDEN),
        ("auditor", "PATCH", f"{DEMOS}/1", {"demo_state": "inactive"}, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        ("auditor", "DELETE", f"{DEMOS}/1", None, ReturnCode.RESOURCE_WRITE_FORBIDDEN),
        ("operator", "GET", "/api/v1/audit/records", None, ReturnCode.RESOURCE_ACCESS_FORBIDDEN),
    ],
)
def test_missing_permission_is_refused_by_kind(
    admin: Client, api: SignedApi, role: str, method: str, target: str, body: object, code: ReturnCode
) -> None:
    """What a role does not hold it may not do: reading, creating and changing have a code each."""
    person = api.as_(add_person(admin, role).credential)
    assert person.call(method, target, body).code == code


def test_user_without_a_role_may_do_nothing(admin: Client, api: SignedApi) -> None:
    """Default deny."""
    nobody = api.as_(add_person(admin).credential)
    assert nobody.call("GET", DEMOS).code == ReturnCode.RESOURCE_ACCESS_FORBIDDEN


def test_own_scope_hides_what_others_made(admin: Client, api: SignedApi, demo_name: str) -> None:
    """Out of scope looks like nothing at all, so that nobody can find out what exists."""
    mine, yours = (api.as_(add_person(admin, "user").credential) for _ in range(2))
    demo_id = mine.call("POST", DEMOS, {"demo_name": demo_name}).envelope["data"]["demo_id"]
    assert mine.call("GET", f"{DEMOS}/{demo_id}").code == ReturnCode.SUCCESS
    assert yours.call("GET", f"{DEMOS}/{demo_id}").code == ReturnCode.RESOURCE_NOT_FOUND
    assert yours.call("DELETE", f"{DEMOS}/{demo_id}").code == ReturnCode.RESOURCE_NOT_FOUND
    assert yours.call("GET", f"{DEMOS}?demo_name={demo_name}").envelope["data"]["demos"] == []
    assert api.call("GET", f"{DEMOS}/{demo_id}").code == ReturnCode.SUCCESS


def answers_of_all_workers(person: SignedApi) -> set[int]:
    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(lambda _: person.call("GET", DEMOS).code, range(FRESH_CONNECTIONS)))


def test_revoked_key_is_refused_by_every_worker_at_once(admin: Client, api: SignedApi) -> None:
    """A stolen key must die with its revocation, not with the 30 seconds for which a grant may be cached.

    It takes less than a second; the test waits for longer only because a machine may be busy.
    """
    person = add_person(admin, "user")
    thief = api.as_(person.credential)
    assert answers_of_all_workers(thief) == {ReturnCode.SUCCESS}
    admin.api_keys.revoke(person.api_key_id)
    eventually(lambda: answers_of_all_workers(thief) == {ReturnCode.USER_API_INACTIVE})


def test_inactive_user_is_refused_by_every_worker_and_may_come_back(
    platform: Platform, admin: Client, api: SignedApi
) -> None:
    """Switching somebody off works at once on all of their keys, and what was wrong is told to its owner alone."""
    person = add_person(admin, "user")
    signing = api.as_(person.credential)
    assert answers_of_all_workers(signing) == {ReturnCode.SUCCESS}
    admin.users.update(person.user_id, {"user_state": "inactive"})
    eventually(lambda: answers_of_all_workers(signing) == {ReturnCode.USER_INACTIVE})
    forger = api.as_(type(person.credential)(person.credential.api_key, "not the secret"))
    assert forger.call("GET", DEMOS).code == ReturnCode.SIGN_INVALID
    admin.users.update(person.user_id, {"user_state": "active"})
    eventually(lambda: answers_of_all_workers(signing) == {ReturnCode.SUCCESS})


def test_new_role_is_heeded_by_every_worker_at_once(admin: Client, api: SignedApi) -> None:
    """Rights of the moment: neither more nor less than what the user holds now."""
    person = add_person(admin, "user")
    signing = api.as_(person.credential)
    assert answers_of_all_workers(signing) == {ReturnCode.SUCCESS}
    admin.users.update(person.user_id, {"roles": []})
    eventually(lambda: answers_of_all_workers(signing) == {ReturnCode.RESOURCE_ACCESS_FORBIDDEN})
