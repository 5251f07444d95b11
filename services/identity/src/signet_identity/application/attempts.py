"""Attempts to prove a password: counted before the proof, taken back after a good one."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from operator import itemgetter

from signet_common.passport import Passport
from signet_identity.application.changes import failed_login
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.domain.errors import TooManySignIns
from signet_identity.domain.logins import LoginKind
from signet_identity.domain.throttling import Throttle, Throttles, attempted, network_of, released
from signet_identity.domain.users import User

Keys = tuple[str, str, str]
"""Under which the counts of the pair, the network and the login are stored."""


def login_subject(login: str) -> str:
    """What is guessed at by whoever signs in."""
    return f"login\n{login}"


def account_subject(user_id: int) -> str:
    """What is guessed at by whoever is signed in already."""
    return f"user\n{user_id}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was let in."""

    keys: Keys = field(repr=False)
    was_known: bool


@dataclass(frozen=True, slots=True)
class _Decision:
    was_known: bool
    wait_seconds: float


class Attempts:
    """Lets attempts in, a few at a time for each login and each network.

    `pepper` keys the digests under which counts are stored: people type passwords where a login belongs, and nobody
    shall find them in the database with a list of guesses.
    """

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock, pepper: bytes) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._pepper = pepper

    def begin(self, caller: Passport, subject: str) -> Attempt:
        """Count an attempt at `subject`, which names what is guessed at and is counted whether it exists or not.

        Raises:
            TooManySignIns: it is too early; says for how long. The refusal is on record.
        """
        keys = self._keys(subject, network_of(caller.client_ip))
        now = self._clock()

        def work(transaction: Transaction) -> _Decision:
            seen = _read(transaction, keys, now)
            after, refused_until = attempted(seen, now)
            _write(transaction, keys, seen, after, now)
            if refused_until is not None:
                transaction.record(failed_login(None, "throttled"))
            wait = (refused_until - now).total_seconds() if refused_until else 0.0
            return _Decision(seen.pair.is_known(now), wait)

        decision = self._unit_of_work.execute(replace(caller, idempotency_key=""), work, _Decision)
        if decision.wait_seconds:
            raise TooManySignIns("too many attempts: try again later", decision.wait_seconds)
        return Attempt(keys, decision.was_known)

    def succeed(self, transaction: Transaction, attempt: Attempt) -> None:
        """Take the attempt back in the transaction of what it led to, and know its pair from now on."""
        self._release(transaction, attempt, succeeded=True)

    def give_back(self, caller: Passport, attempt: Attempt) -> None:
        """Take back an attempt that was neither right nor wrong."""
        self._unit_of_work.execute(
            replace(caller, idempotency_key=""),
            lambda transaction: self._release(transaction, attempt, succeeded=False),
            type(None),
        )

    def forgive(self, transaction: Transaction, caller: Passport, user: User) -> None:
        """Forget the failures at an account whose owner has proven to be at the caller's address by other means.

        That is what was counted at its logins, and at them from there. What the network has done to others stays, and
        whoever guessed from elsewhere stays slowed down there.
        """
        now, network = self._clock(), network_of(caller.client_ip)
        logins = (getattr(user, kind.value) for kind in LoginKind)
        subjects = [login_subject(login) for login in logins if login is not None] + [account_subject(user.user_id)]
        counts = chain.from_iterable(self._keys(subject, network)[::2] for subject in subjects)
        for key, seen in sorted(transaction.throttles.read(list(counts), now).items(), key=itemgetter(0)):
            count = Throttle(succeeded_at=seen.succeeded_at)
            if count != seen:
                transaction.throttles.write(key, count, forget_at=count.forget_at(now))

    def _release(self, transaction: Transaction, attempt: Attempt, *, succeeded: bool) -> None:
        now = self._clock()
        seen = _read(transaction, attempt.keys, now)
        after = released(seen, now, was_known=attempt.was_known, succeeded=succeeded)
        _write(transaction, attempt.keys, seen, after, now)

    def _keys(self, subject: str, network: str) -> Keys:
        return (
            self._key("pair", network, subject),
            self._key("network", network),
            self._key("subject", subject),
        )

    def _key(self, *parts: str) -> str:
        # The parts that a client chooses come last, so that none can look like two.
        return hmac.digest(self._pepper, "\n".join(parts).encode(), hashlib.sha256).hex()


def _read(transaction: Transaction, keys: Keys, now: datetime) -> Throttles:
    found = transaction.throttles.read(keys, now)
    pair, network, login = (found.get(key, Throttle()) for key in keys)
    return Throttles(pair, network, login)


def _write(transaction: Transaction, keys: Keys, seen: Throttles, after: Throttles, now: datetime) -> None:
    counts = ((seen.pair, after.pair), (seen.network, after.network), (seen.login, after.login))
    for key, (before, count) in sorted(zip(keys, counts, strict=True), key=itemgetter(0)):
        if count != before:
            transaction.throttles.write(key, count, forget_at=count.forget_at(now))
