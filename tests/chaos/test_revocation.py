"""What is taken away stops working within a second in every gateway worker, even if nobody lives to tell of it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from signet import Client, Credential
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.people import Person, add_person
from signet_testing.platform import Platform
from signet_testing.signed_api import SignedApi

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

DEMOS = "/api/v1/demos"
FRESH_CONNECTIONS = 40
"""So many that each of the three workers serves some: the kernel spreads connections over whoever is waiting."""

REVOCATION_SECONDS = 1.0


@contextmanager
def silent_relay(platform: Platform) -> Iterator[None]:
    """Identity's background process stands still: it is alive and connected, and says nothing.

    Not in the middle of a change: the lock that it held would keep identity from writing, which is another matter.
    """
    relay = platform.process("identity-background")
    try:
        eventually(lambda: stands_between_changes(relay), 15, "a moment without a lock")
        yield
    finally:
        os.kill(relay, signal.SIGCONT)


def stands_between_changes(process: int) -> bool:
    """Stop it, unless it holds an exclusive lock on a file then (proc_locks(5)): it goes on in that case."""
    os.kill(process, signal.SIGSTOP)
    eventually(lambda: is_stopped(process), 15, "a process that stands still")
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    if any(kind == "WRITE" and holder == str(process) for _, _, _, kind, holder, *_ in locks):
        os.kill(process, signal.SIGCONT)
        return False
    return True


def is_stopped(process: int) -> bool:
    """Whether each of its threads stands still: the signal takes a moment to reach those that run."""
    return all("State:\tT" in (task / "status").read_text() for task in Path(f"/proc/{process}/task").iterdir())


def answers_of_all_workers(caller: SignedApi) -> set[int]:
    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(lambda _: caller.call("GET", DEMOS).code, range(FRESH_CONNECTIONS)))


def by_key(_: Platform, person: Person) -> Credential:
    return person.credential


def by_session(platform: Platform, person: Person) -> Credential:
    with platform.client() as client:
        return client.sessions.create(person.user_name, person.password).credential


def revoke_key(admin: Client, person: Person, _: Client) -> None:
    admin.api_keys.revoke(person.api_key_id)


def end_session(_: Client, __: Person, caller: Client) -> None:
    caller.sessions.end_current()


def take_the_role(admin: Client, person: Person, _: Client) -> None:
    admin.users.update(person.user_id, {"roles": []})


@pytest.mark.parametrize("relay", ["running", "silent"])
@pytest.mark.parametrize(
    ("credential", "take_away", "code"),
    [
        (by_key, revoke_key, ReturnCode.USER_API_INACTIVE),
        (by_session, end_session, ReturnCode.TOKEN_INVALID),
        (by_key, take_the_role, ReturnCode.RESOURCE_ACCESS_FORBIDDEN),
    ],
    ids=["key", "session", "role"],
)
def test_what_was_taken_away_works_nowhere_a_second_later(
    platform: Platform,
    relay: str,
    credential: Callable[[Platform, Person], Credential],
    take_away: Callable[[Client, Person, Client], None],
    code: ReturnCode,
) -> None:
    """A grant may be cached for thirty seconds, and the process that tells of changes may die with one untold."""
    with platform.client() as admin:
        person = add_person(admin, "user")
        chosen = credential(platform, person)
        caller = SignedApi(platform.port, chosen)
        eventually(lambda: answers_of_all_workers(caller) == {ReturnCode.SUCCESS}, 15, "a caller that all workers know")
        with silent_relay(platform) if relay == "silent" else nullcontext():
            with platform.client(chosen) as own:
                take_away(admin, person, own)
            time.sleep(REVOCATION_SECONDS)
            assert answers_of_all_workers(caller) == {code}
