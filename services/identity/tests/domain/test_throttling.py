"""How guessing is slowed down, and whom that may never keep out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signet_identity.domain.throttling import (
    KNOWN_FOR,
    LOGIN,
    NETWORK,
    PAIR,
    Backoff,
    Throttle,
    Throttles,
    attempted,
    network_of,
    released,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class House:
    """Counts of many networks guessing at many logins, by the same rules as behind the database."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, ...], Throttle] = {}
        self.now = NOW

    def attempt(self, network: str, login: str = "ada", *, proven: bool = False) -> float:
        """Try once; the seconds to wait where it is refused, else 0."""
        seen = self._seen(network, login)
        known = seen.pair.is_known(self.now)
        after, until = attempted(seen, self.now)
        self._keep(network, login, after)
        if until is None and proven:
            self._keep(network, login, released(after, self.now, was_known=known, succeeded=True))
        return (until - self.now).total_seconds() if until else 0.0

    def hammer(self, *networks: str, seconds: int, login: str = "ada") -> int:
        """Try from every network in every second; how many attempts were let in."""
        admitted = 0
        for _ in range(seconds):
            admitted += sum(not self.attempt(network, login) for network in networks)
            self.now += SECOND
        return admitted

    def _seen(self, network: str, login: str) -> Throttles:
        names = ((network, login), (network,), ("login", login))
        return Throttles(*(self.counts.get(name, Throttle()) for name in names))

    def _keep(self, network: str, login: str, after: Throttles) -> None:
        self.counts |= {(network, login): after.pair, (network,): after.network, ("login", login): after.login}


@pytest.fixture
def house() -> House:
    return House()


def test_a_few_slips_are_free_and_then_the_wait_doubles_to_its_end(house: House) -> None:
    """People mistype; nobody mistypes for a quarter of an hour."""
    waits = []
    for _ in range(16):
        house.attempt("home")
        waits.append(house.attempt("home") if house.counts["home", "ada"].blocks(house.now) else 0)
        house.now += timedelta(seconds=waits[-1])
    assert [wait for wait in waits if wait][:4] == [2, 4, 8, 16]
    assert max(waits) == PAIR.most


@given(st.integers(min_value=0, max_value=10**9))
def test_no_delay_is_longer_than_its_end(failures: int) -> None:
    """However long the attack."""
    assert timedelta(0) <= Backoff(5, 2, 900).delay(failures) <= timedelta(seconds=900)


def test_one_network_gets_a_hundred_guesses_a_day_at_most(house: House) -> None:
    """What is left of a dictionary at that speed is no danger to twelve characters."""
    admitted = 0
    for _ in range(24 * 60):
        admitted += not house.attempt("attacker")
        house.now += timedelta(minutes=1)
    assert admitted <= 110


def test_an_attempt_that_is_refused_does_not_make_the_wait_longer(house: House) -> None:
    """Or an impatient owner would wait for ever."""
    for _ in range(5):
        house.attempt("home")
    assert [house.attempt("home") for _ in range(9)] == [2] * 9


def test_the_owner_at_a_known_place_does_not_notice_an_attack(house: House) -> None:
    """Whoever hammers an account from elsewhere must not keep its owner out, not even for a second."""
    house.attempt("home", proven=True)
    house.hammer(*(f"bot {number}" for number in range(50)), seconds=120)
    assert house.attempt("attacker") > 0
    assert house.attempt("home", proven=True) == 0


def test_the_owner_at_a_new_place_gets_in_while_the_attack_goes_on(house: House) -> None:
    """A delay, not a lockout: after the wait that was told, one attempt is let in, whoever came meanwhile."""
    bots = [f"bot {number}" for number in range(50)]
    house.hammer(*bots, seconds=120)
    wait = house.attempt("hotel", proven=True)
    assert 0 < wait <= LOGIN.most
    house.hammer(*bots, seconds=int(wait) + 1)
    assert house.attempt("hotel", proven=True) == 0
    assert house.attempt("hotel", proven=True) == 0


def test_a_login_under_attack_from_everywhere_slows_strangers_down(house: House) -> None:
    """A thousand networks shall not have five free guesses each."""
    bots = [f"bot {number}" for number in range(1000)]
    admitted = house.hammer(*bots, seconds=60)
    assert admitted <= 2 * len(bots)
    assert house.attempt("a new bot") > 0


def test_a_network_that_tries_one_password_on_everybody_is_slowed_down(house: House) -> None:
    """No login has a second failure there, so only the network tells."""
    admitted = sum(not house.attempt("attacker", f"user {number}") for number in range(200))
    assert admitted == NETWORK.free


def test_a_colleague_behind_the_same_address_stays_in(house: House) -> None:
    """An office has one address; a known pair does not answer for its network."""
    house.attempt("office", "grace", proven=True)
    for number in range(NETWORK.free + 9):
        house.attempt("office", f"user {number}")
    assert house.attempt("office", "grace", proven=True) == 0
    assert house.attempt("office", "new colleague") > 0


def test_knowing_a_place_ends(house: House) -> None:
    """A hotel is somebody else's next month."""
    house.attempt("hotel", proven=True)
    house.now += KNOWN_FOR
    house.hammer(*(f"bot {number}" for number in range(50)), seconds=60)
    assert house.attempt("hotel") > 0


def test_success_starts_its_pair_afresh_and_gives_back_what_it_counted(house: House) -> None:
    """Signing in by scripts all day counts for nothing."""
    for _ in range(4):
        house.attempt("home")
    for _ in range(100):
        assert house.attempt("home", proven=True) == 0
    assert house.counts["home", "ada"] == Throttle(succeeded_at=NOW)
    assert house.counts["home",].failures == house.counts["login", "ada"].failures == 4


def test_attempts_count_before_their_outcome_is_known() -> None:
    """A hundred at once must not all see an innocent count."""
    seen, admitted = Throttles(), 0
    for _ in range(100):
        seen, until = attempted(seen, NOW)
        admitted += until is None
    assert admitted == PAIR.free


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2ff:a:b:c:d", "2001:db8:1:200::/56"),
        ("2001:db8:1:201::1", "2001:db8:1:200::/56"),
        ("2001:db8:1:301::1", "2001:db8:1:300::/56"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_ipv6_subscriber_is_one_network(address: str, network: str) -> None:
    """Or everybody would have as many addresses as they like."""
    assert network_of(address) == network
