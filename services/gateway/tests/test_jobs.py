"""What the scheduler may ask of the gateway itself; to everybody else there is no such path."""

import pytest
from services.gateway.tests.conftest import JOB_KEY, NOW, PASSPORT_KEY

from signet_common.passport import Passport, PassportIssuer
from signet_gateway.application.errors import NoncesUnavailable
from signet_gateway.application.purge_nonces import PurgeNonces
from signet_protocol.signing import EMPTY_BODY_SHA256, body_digest

TARGET = "/internal/jobs/purge-nonces"
UNKNOWN = "/internal/jobs/unknown"


def token(house, issuer="scheduler", key=JOB_KEY, **said):
    """The scheduler's passport for this very request, but for what is `said` otherwise."""
    claims = {
        "issuer": issuer,
        "audience": "gateway",
        "request_id": "run-1",
        "method": "POST",
        "target": TARGET,
        "body_sha256": EMPTY_BODY_SHA256,
        "authentication": "service",
    } | said
    return PassportIssuer(issuer, {claims["audience"]: {"k1": key}}, house.clock).issue(Passport(**claims))


def ask(house, passport, method="POST", target=TARGET, body=b""):
    return house.send(method, target, {"X-Passport": passport} if passport else {}, body)


def test_the_scheduler_has_nonces_forgotten(house):
    """Step by step, and it hears how many; those that still count are kept."""
    house.nonces.clock = house.clock
    for number in range(70):
        house.nonces.claim("api_key/7", f"old{number}", NOW)
    house.nonces.claim("api_key/7", "young", NOW + 300)
    house.clock.now = NOW + 601
    answer = ask(house, token(house))
    assert (answer.status, answer.document["data"]) == (200, {"rows": {"nonces": 70}, "finished": True})
    assert house.nonces.claimed.keys() == {("api_key/7", "young")}
    assert ask(house, token(house)).document["data"] == {"rows": {"nonces": 0}, "finished": True}


REFUSED = {
    "no passport": lambda house: ask(house, ""),
    "rubbish": lambda house: ask(house, "a.b.c"),
    "a key of one's own": lambda house: ask(house, token(house, key=b"x" * 32)),
    "the gateway's own key": lambda house: ask(house, token(house, issuer="gateway", key=PASSPORT_KEY)),
    "the gateway's name under the scheduler's key": lambda house: ask(house, token(house, issuer="gateway")),
    "for another service": lambda house: ask(house, token(house, audience="identity")),
    "in the name of a user": lambda house: ask(house, token(house, authentication="api_key", user_id=1)),
    "for another method": lambda house: ask(house, token(house, method="GET")),
    "by another method": lambda house: ask(house, token(house, method="GET"), method="GET"),
    "with a query": lambda house: ask(house, token(house), target=f"{TARGET}?after="),
    "with a query that its passport names": lambda house: ask(
        house, token(house, target=f"{TARGET}?x=1"), target=f"{TARGET}?x=1"
    ),
    "with a body": lambda house: ask(house, token(house, body_sha256=body_digest(b"{}")), body=b"{}"),
    "with a body that is not told": lambda house: ask(house, token(house), body=b"{}"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_to_everybody_else_the_path_does_not_exist(house, what):
    """The answer is that of any unknown path, to the byte, and nothing was forgotten."""
    house.nonces.clock = house.clock
    house.nonces.claim("api_key/7", "old", NOW)
    house.clock.now = NOW + 601
    answer, unknown = REFUSED[what](house), house.send("POST", UNKNOWN)
    assert (answer.status, answer.code, answer.body) == (404, 404001, unknown.body)
    for each in (answer, unknown):
        each.headers.pop("X-Request-Id")
    assert answer.headers == unknown.headers
    assert house.nonces.claimed


def test_a_passport_is_good_for_its_minute_alone(house):
    """One that is found in a log opens nothing."""
    passport = token(house)
    house.clock.now += 61
    assert ask(house, passport).code == 404001


def test_a_client_who_signs_is_no_scheduler(house):
    """However good the signature: the path is under no contract."""
    headers = house.signed_headers("POST", TARGET)
    assert house.send("POST", TARGET, headers).code == 404001
    assert house.send("POST", TARGET, headers | {"X-Passport": "a.b.c"}).code == 404001


def test_without_keys_nobody_asks(house, make_house):
    """A gateway that was told of no scheduler."""
    assert ask(house, token(house)).code == 200
    assert ask(make_house(job_keys={}), token(house)).code == 404001


def test_whom_else_the_gateway_may_believe_is_no_scheduler(house, make_house):
    """A key for another caller opens none of this."""
    believing = make_house(job_keys={"scheduler": {"k1": JOB_KEY}, "identity": {"k1": PASSPORT_KEY}})
    assert ask(believing, token(house, issuer="identity", key=PASSPORT_KEY)).code == 404001
    assert ask(believing, token(house)).code == 200


def test_a_store_that_does_not_answer_is_told(house):
    """So the run is attempted again."""
    house.nonces.failure = NoncesUnavailable("gone")
    assert ask(house, token(house)).code == 503001


def test_a_request_ends_in_time_and_says_that_there_is_more():
    """The scheduler asks again."""
    times = iter(range(100))

    class Endless:
        def forget_expired(self):
            return 64

    purge = PurgeNonces(Endless(), lambda: next(times), lambda _seconds: None)
    forgotten = purge()
    assert (forgotten.nonces, forgotten.finished) == (640, False)
