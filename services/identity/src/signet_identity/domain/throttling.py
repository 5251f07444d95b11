"""How fast somebody may go on guessing a password, without keeping its owner out.

An attempt is counted in three places: for its login from its network (the pair), for its network, and for its login.
Each count that passes what is free earns a growing delay with an end to its growth. A pair that signed in lately is
known: it answers for its own failures alone, so whoever hammers an account from elsewhere does not touch its owner.
Everybody else meets the delay of the login too, and after that wait is let in once, however many others come
meanwhile: the delay slows all, and starves nobody.

What is counted is what was typed, whether such a login exists or not, so a delay tells nothing about it.
"""

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

IPV6_PREFIX = 56
"""What one subscriber gets at least (RFC 6177): counting single IPv6 addresses would count nothing."""
REMEMBERED = timedelta(days=1)
KNOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Failures in a row that are free, and the delay after the next ones, in seconds: doubled each time to `most`."""

    free: int
    first: int
    most: int

    def delay(self, failures: int) -> timedelta:
        """The wait after so many failures in a row."""
        excess = failures - self.free
        # Capped before it is raised, or a long attack would make a number of a thousand digits.
        return timedelta(seconds=min(self.most, self.first << min(excess, 16)) if excess >= 0 else 0)


PAIR = Backoff(free=5, first=2, most=900)
PAIR_UNDER_ATTACK = Backoff(free=1, first=30, most=900)
"""For strangers, once the login has had all its free failures."""
KNOWN_PAIR = Backoff(free=50, first=2, most=900)
NETWORK = Backoff(free=50, first=1, most=60)
LOGIN = Backoff(free=20, first=1, most=30)


@dataclass(frozen=True, slots=True)
class Throttle:
    """One count. `admitted_at`: from then on one attempt passes the delay of its login."""

    failures: int = 0
    blocked_until: datetime | None = None
    admitted_at: datetime | None = None
    succeeded_at: datetime | None = None

    def blocks(self, now: datetime) -> bool:
        """Whether it is too early for another attempt."""
        return self.blocked_until is not None and self.blocked_until > now

    def is_known(self, now: datetime) -> bool:
        """Whether somebody signed in here lately."""
        return self.succeeded_at is not None and now - self.succeeded_at < KNOWN_FOR

    def forget_at(self, now: datetime) -> datetime:
        """When all of this means nothing any more."""
        soon = now + REMEMBERED
        return soon if self.succeeded_at is None else max(soon, self.succeeded_at + KNOWN_FOR)

    def counted(self, backoff: Backoff, now: datetime) -> "Throttle":
        """After one more attempt, which counts as failed until it is released."""
        failures = self.failures + 1
        delay = backoff.delay(failures)
        return replace(self, failures=failures, blocked_until=now + delay if delay else None, admitted_at=None)

    def given_back(self, backoff: Backoff) -> "Throttle":
        """After an attempt that turned out to be no failure."""
        failures = max(0, self.failures - 1)
        return replace(self, failures=failures, blocked_until=self.blocked_until if backoff.delay(failures) else None)


@dataclass(frozen=True, slots=True)
class Throttles:
    """The three counts that an attempt meets."""

    pair: Throttle = Throttle()
    network: Throttle = Throttle()
    login: Throttle = Throttle()


def attempted(seen: Throttles, now: datetime) -> tuple[Throttles, datetime | None]:
    """Count an attempt, or say until when it is refused; a refused one is not counted.

    It is counted before the password is looked at: a hundred attempts at once are a hundred.
    """
    if seen.pair.is_known(now):
        if seen.pair.blocks(now):
            return seen, seen.pair.blocked_until
        return replace(seen, pair=seen.pair.counted(KNOWN_PAIR, now)), None
    for throttle in (seen.pair, seen.network):
        if throttle.blocks(now):
            return seen, throttle.blocked_until
    if seen.login.blocks(now):
        if seen.pair.admitted_at is None:
            waiting = replace(seen.pair, admitted_at=seen.login.blocked_until)
            return replace(seen, pair=waiting), waiting.admitted_at
        if seen.pair.admitted_at > now:
            return seen, seen.pair.admitted_at
    rule = PAIR_UNDER_ATTACK if LOGIN.delay(seen.login.failures) else PAIR
    counted = Throttles(
        seen.pair.counted(rule, now), seen.network.counted(NETWORK, now), seen.login.counted(LOGIN, now)
    )
    return counted, None


def released(seen: Throttles, now: datetime, *, was_known: bool, succeeded: bool) -> Throttles:
    """Take an attempt back that was no failure. One that succeeded makes its pair known and starts it afresh."""
    pair = Throttle(succeeded_at=now) if succeeded else seen.pair.given_back(KNOWN_PAIR if was_known else PAIR)
    if was_known:
        return replace(seen, pair=pair)
    return Throttles(pair, seen.network.given_back(NETWORK), seen.login.given_back(LOGIN))


def network_of(address: str) -> str:
    """What one party answers for: an IPv4 address, or the prefix that an IPv6 subscriber has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return str(found)
