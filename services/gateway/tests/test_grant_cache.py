"""What the gateway believes about callers, and how fast it stops believing it."""

from threading import Event

import gevent
import pytest
from gevent.event import Event as Gate

from signet_common.messaging.event import Delivery, cloud_event
from signet_common.messaging.ports import BusUnavailable, TailLost
from signet_gateway.adapters.outbound.event_tail import GrantEvents
from signet_gateway.adapters.outbound.grant_cache import Change, GrantCache
from signet_gateway.adapters.outbound.rate_limits import RateLimits
from signet_gateway.application.errors import GrantsUnavailable, Refusal
from signet_gateway.application.grants import Credential

KEY = Credential("api_key", "ak_1")
DAY = "20260101"
ADDRESS = "192.0.2.1"


class Identity:
    """Answers with `grants`; waits at `gate` if there is one."""

    def __init__(self):
        self.grants = {}
        self.fetches = 0
        self.gate = None
        self.failure = None

    def fetch(self, credential):
        self.fetches += 1
        answer = self.grants.get(credential)
        if self.gate is not None:
            self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return answer


class Clock:
    """Stands still until it is set; `runs` is what happens all the time meanwhile: a pulse is heard."""

    def __init__(self):
        self._now = 0.0
        self.runs = lambda: None

    def __call__(self):
        return self._now

    @property
    def now(self):
        return self._now

    @now.setter
    def now(self, now):
        self._now = now
        self.runs()


@pytest.fixture
def identity(make_grant):
    made = Identity()
    made.grants[KEY] = make_grant("api_key/7")
    return made


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(identity, clock):
    made = GrantCache(identity, RateLimits("memory:", clock=clock).limiter("unknown", "5/minute"), clock)
    made.listening()
    clock.runs = made.told
    return made


def ask(cache, credential=KEY, day=DAY, address=ADDRESS):
    return cache.grant(credential, day, address)


@pytest.mark.parametrize(("told", "seconds"), [(True, 30.0), (False, 0.75)])
def test_a_grant_is_believed_for_its_time(cache, identity, clock, told, seconds):
    """Thirty seconds at most; less than one while nobody tells of changes."""
    if not told:
        cache.deaf()
        clock.runs = lambda: None
    clock.now = 0.0
    ask(cache)
    clock.now = seconds - 0.01
    ask(cache)
    assert identity.fetches == 1
    clock.now = seconds
    ask(cache)
    assert identity.fetches == 2


def test_a_silent_identity_ends_the_trust_in_what_was_fetched_before(cache, identity, clock):
    """Its relay may have died with the revocation in its outbox, and nothing else says so."""
    ask(cache)
    clock.now = 20.0
    clock.runs = lambda: None
    clock.now = 20.74
    ask(cache)
    assert identity.fetches == 1
    clock.now = 20.75
    ask(cache)
    assert identity.fetches == 2
    clock.now = 21.49
    ask(cache)
    assert identity.fetches == 2
    clock.now = 21.5
    ask(cache)
    assert identity.fetches == 3


def test_what_was_fetched_in_silence_is_trusted_again_once_a_pulse_is_heard(cache, identity, clock):
    """The tail was never lost: each change that it missed would have come before the pulse."""
    clock.runs = lambda: None
    clock.now = 5.0
    ask(cache)
    clock.now = 9.0
    cache.told()
    ask(cache)
    assert identity.fetches == 1


def test_an_unknown_credential_is_remembered_for_five_seconds(cache, identity, clock):
    """Guessing costs identity nothing, and a mistake heals soon."""
    stranger = Credential("token", "st_x")
    assert ask(cache, stranger) is None
    clock.now = 4.9
    assert ask(cache, stranger) is None
    assert identity.fetches == 1
    clock.now = 5.0
    ask(cache, stranger)
    assert identity.fetches == 2


@pytest.mark.parametrize(
    ("change", "dropped"),
    [
        (Change("api_key", "7"), True),
        (Change("user", "1"), True),
        (Change(), True),
        (Change("api_key", "8"), False),
        (Change("session", "7"), False),
        (Change("user", "7"), False),
    ],
)
def test_a_change_drops_the_grants_that_it_concerns(cache, identity, change, dropped):
    """A revoked key stops at once; everybody else keeps going."""
    ask(cache)
    cache.drop(change)
    ask(cache)
    assert identity.fetches == (2 if dropped else 1)


def test_a_grant_fetched_before_a_change_is_not_believed_after_it(cache, identity, make_grant):
    """The race of an invalidation with a fetch in flight: the answer that is on its way is already old."""
    identity.gate = Gate()
    first, second = gevent.spawn(ask, cache), gevent.spawn(ask, cache)
    gevent.sleep(0)
    identity.grants[KEY] = None
    cache.drop(Change("api_key", "7"))
    identity.gate.set()
    gevent.joinall([first, second])
    assert (first.value, second.value) == (None, None)
    assert identity.fetches == 2
    assert ask(cache) is None


def test_a_change_of_somebody_else_does_not_disturb_a_fetch(cache, identity):
    """A busy identity must not starve the callers."""
    identity.gate = Gate()
    asking = gevent.spawn(ask, cache)
    gevent.sleep(0)
    cache.drop(Change("user", "99"))
    identity.gate.set()
    asking.join()
    assert asking.value is not None
    assert identity.fetches == 1


def test_a_grant_that_keeps_changing_is_given_up(cache, identity):
    """Fail closed instead of turning for ever."""

    def fetch(_credential):
        identity.fetches += 1
        cache.drop(Change())
        return identity.grants[KEY]

    identity.fetch = fetch
    with pytest.raises(GrantsUnavailable):
        ask(cache)
    assert identity.fetches == 3


def test_many_requests_of_one_credential_share_one_fetch(cache, identity):
    """A cold cache must not turn a burst of requests into a burst on identity."""
    identity.gate = Gate()
    asking = [gevent.spawn(ask, cache) for _ in range(50)]
    gevent.sleep(0)
    identity.gate.set()
    gevent.joinall(asking)
    assert identity.fetches == 1
    assert [greenlet.value.user_id for greenlet in asking] == [1] * 50


def test_a_fetch_that_fails_fails_for_all_who_wait_and_is_not_remembered(cache, identity):
    """The next request asks again."""
    identity.failure = GrantsUnavailable("down")
    with pytest.raises(GrantsUnavailable):
        ask(cache)
    identity.failure = None
    assert ask(cache) is not None


def test_a_grant_without_the_days_key_is_asked_for_anew_once(cache, identity, clock, make_grant):
    """At midnight the new day's key is missing from what was fetched before; asking more often would not help."""
    ask(cache, day="20260102")
    ask(cache, day="20260102")
    assert identity.fetches == 1
    clock.now = 1.0
    ask(cache, day="20260102")
    assert identity.fetches == 2
    ask(cache)
    assert identity.fetches == 2


def test_an_address_that_makes_credentials_up_is_slowed_down(cache, identity, clock):
    """Guessing is limited per address; what is known already is not affected, nor are others."""
    ask(cache)
    for number in range(5):
        ask(cache, Credential("token", f"st_{number}"))
    with pytest.raises(Refusal) as refused:
        ask(cache, Credential("token", "st_more"))
    assert refused.value.code == 429001
    assert ask(cache, Credential("token", "st_more"), address="192.0.2.2") is None
    clock.now = 30.0
    assert ask(cache) is not None


def test_known_credentials_do_not_count_against_their_address(cache, identity, make_grant):
    """A proxy in front of many honest users is no attacker."""
    for number in range(20):
        credential = Credential("api_key", f"ak_{number + 100}")
        identity.grants[credential] = make_grant(f"api_key/{number + 100}")
        assert ask(cache, credential) is not None


def test_a_real_credential_that_was_dropped_is_not_locked_out_by_made_up_ones(cache, identity, clock):
    """Behind one address sit an attacker and honest users; any change of a role drops the grants of all."""
    ask(cache)
    for number in range(5):
        ask(cache, Credential("token", f"st_{number}"))
    cache.drop(Change())
    assert ask(cache) is not None
    clock.now = 31.0
    assert ask(cache) is not None


def test_a_credential_that_stopped_being_good_counts_again(cache, identity, clock):
    """A revoked key must not be a free ticket to identity."""
    ask(cache)
    identity.grants.clear()
    cache.drop(Change("api_key", "7"))
    assert ask(cache) is None
    for number in range(5):
        ask(cache, Credential("token", f"st_{number}"))
    clock.now = 5.0
    with pytest.raises(Refusal):
        ask(cache)


class Listener:
    """Writes down what it hears; sets `stop` after the last thing it waits for."""

    def __init__(self, stop, until):
        self.heard = []
        self._stop, self._until = stop, until

    def _note(self, what):
        self.heard.append(what)
        if len(self.heard) == self._until:
            self._stop.set()

    def drop(self, change):
        self._note(change)

    def listening(self):
        self._note("listening")

    def told(self):
        self._note("told")

    def deaf(self):
        self._note("deaf")


class Tail:
    """Hands out one list after the other; an exception in between is raised."""

    def __init__(self, *received):
        self.received = list(received)

    def receive(self, timeout):
        following = self.received.pop(0) if self.received else TailLost("the end")
        if isinstance(following, Exception):
            raise following
        return following

    def close(self):
        pass


def event(resource, operation, object_id, service="identity"):
    from datetime import UTC, datetime

    body = cloud_event(
        event_id="e1",
        service=service,
        resource=resource,
        operation=operation,
        object_id=object_id,
        sequence=None,
        time=datetime.now(UTC),
        traceparent="",
        actor={},
        request={},
        changes={},
    )
    return Delivery(f"{service}.{resource}.{operation}", body)


def listen(tails, until):
    stop = Event()
    listener = Listener(stop, until)
    tails = list(tails)

    def open_tail():
        following = tails.pop(0)
        if isinstance(following, Exception):
            raise following
        return following

    GrantEvents(open_tail, listener).run(stop)
    return listener.heard


def test_events_name_what_they_change():
    """Only what an event names is dropped, everything where it names nothing; reading changes nothing."""
    deliveries = [
        event("api_key", "delete", "7"),
        event("user", "update", "1"),
        event("session", "delete", "9"),
        event("user", "query", None),
        event("session", "login_failed", None),
        event("request", "refused", None),
        event("role", "update", "3"),
        event("user", "update", None),
        Delivery("identity.user.update", b"rubbish"),
    ]
    assert listen([Tail(deliveries)], until=7)[:7] == [
        "listening",
        Change("api_key", "7"),
        Change("user", "1"),
        Change("session", "9"),
        Change(),
        Change(),
        Change(),
    ]


def test_what_another_service_says_drops_nothing():
    """By the header CC of RabbitMQ it may copy its messages here, and an empty cache for everybody is an attack."""
    deliveries = [
        event("api_key", "delete", "7", service="resources"),
        Delivery("resources.a", b"rubbish"),
        Delivery("resources.pulse", b""),
        Delivery("identity", b"rubbish"),
        event("user", "update", "1"),
    ]
    assert listen([Tail(deliveries)], until=2) == ["listening", Change("user", "1"), "deaf"]


def test_what_contradicts_its_routing_key_drops_everything():
    """The broker says that it is from identity, and what changed is not known."""
    forged = event("api_key", "delete", "7", service="resources")
    assert Change() in listen([Tail([Delivery("identity.api_key.delete", forged.body)])], until=2)


def test_a_lost_tail_is_told_and_opened_again():
    """Between the two nothing is believed for longer than a second."""
    tails = [BusUnavailable("down"), Tail(TailLost("gap")), Tail([])]
    assert listen(tails, until=4)[:4] == ["deaf", "listening", "deaf", "listening"]


def test_a_pulse_tells_that_everything_was_told_and_drops_nothing():
    """It comes four times a second."""
    heard = listen([Tail([event("user", "update", "1"), Delivery("identity.pulse", b"")])], until=3)
    assert heard[:3] == ["listening", Change("user", "1"), "told"]


def test_silence_is_shown_to_the_operator():
    """A relay that has died is known by it: nothing else in the gateway's sight is wrong."""
    stop = Event()
    events = GrantEvents(lambda: tail, Listener(stop, until=100))
    seen = []

    class Probed(Tail):
        def receive(self, timeout):
            seen.append(events.probe()["events"].status)
            if len(self.received) == 1:
                stop.set()
            return super().receive(timeout)

    tail = Probed([], [Delivery("identity.pulse", b"")], [])
    events.run(stop)
    assert seen == ["degraded", "degraded", "ok"]
    assert events.probe()["events"].status == "degraded"
