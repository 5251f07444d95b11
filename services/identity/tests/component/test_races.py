"""Two at once: what must hold however transactions interleave. On SQLite there is one writer; servers have many."""

import threading
from collections.abc import Callable

import pytest

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
