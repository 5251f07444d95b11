"""Every refusal by its return code, and the order in which the checks come."""

import pytest

from signet_gateway.application.errors import GrantsUnavailable, NoncesUnavailable

DEMOS = "/api/v1/demos"
TOKEN = "st_9fQ1x5yWc3Rk7LbE"
NOW = 1_767_225_600


def without(headers, *names):
    return {name: value for name, value in headers.items() if name not in names}


@pytest.mark.parametrize(
    ("remove", "add", "code"),
    [
        (["X-Api-Key"], {}, 401012),
        ([], {"X-Api-Key": ""}, 401001),
        ([], {"X-Api-Key": "snow\u2603"}, 400001),
        ([], {"X-Api-Key": "a" * 600}, 400001),
        (["X-Api-Key"], {"Authorization": ""}, 401003),
        (["X-Api-Key"], {"Authorization": "Basic abc"}, 401003),
        (["X-Api-Key"], {"Authorization": "Bearer "}, 401003),
        (["X-Api-Key"], {"Authorization": "Bearer a b"}, 401003),
        ([], {"Authorization": f"Bearer {TOKEN}"}, 400001),
        (["X-Timestamp"], {}, 401007),
        ([], {"X-Timestamp": "+1767225600"}, 400001),
        ([], {"X-Timestamp": "17672256000"}, 400001),
        (["X-Nonce"], {}, 401008),
        ([], {"X-Nonce": "short"}, 400001),
        (["X-Sign"], {}, 401004),
        ([], {"X-Sign": "f" * 64}, 401006),
        ([], {"X-Sign": "\u2603"}, 401006),
        ([], {"X-Content-SHA256": "0" * 64}, 400001),
        ([], {"Content-Encoding": "gzip"}, 415001),
        ([], {"X-Key": "abc"}, 400003),
        ([], {"If-Match": ""}, 400001),
        ([], {"Accept": "caf\u00e9"}, 400001),
        ([], {"Content-Length": "1001"}, 413001),
    ],
)
def test_a_header_that_is_wrong_is_refused_by_its_own_code(house, remove, add, code):
    """Clients and their tests rely on one code per mistake."""
    headers = without(house.signed_headers("GET", DEMOS), *remove) | add
    answer = house.send("GET", DEMOS, headers)
    assert (answer.code, answer.status) == (code, code // 1000)
    assert not house.resources.sent


def test_a_malformed_header_is_named(house):
    """A client must see which of its many headers to mend."""
    answer = house.send("GET", DEMOS, house.signed_headers("GET", DEMOS) | {"X-Nonce": "?"})
    assert answer.document["data"]["errors"][0]["field"] == "X-Nonce"


@pytest.mark.parametrize("skew", [-300, 0, 300])
def test_a_timestamp_within_the_window_is_accepted_both_ends_inclusive(house, skew):
    """Two implementations must agree on the very last second, on either side of midnight UTC."""
    house.clock.now = float(NOW)
    assert house.signed("GET", DEMOS, timestamp=NOW + skew).code == 200


@pytest.mark.parametrize("skew", [-301, 301])
def test_a_timestamp_outside_the_window_is_told_the_servers_time(house, skew):
    """A client whose clock is wrong can correct itself, without having proven anything."""
    answer = house.signed("GET", DEMOS, timestamp=NOW + skew)
    assert answer.code == 401005
    assert answer.document["data"] == {"server_time": NOW}
    assert not house.grants.asked


def test_an_unknown_key_and_a_bad_signature_look_alike(house):
    """Nobody can find out which keys exist."""
    unknown = house.signed("GET", DEMOS, credential="ak_unknown")
    forged = house.signed("GET", DEMOS, secret="wrong")
    assert unknown.document == forged.document
    assert unknown.code == 401006


def test_an_unknown_token_is_told_so(house):
    """Its holder has to sign in again."""
    assert house.signed("GET", DEMOS, credential="st_unknown").code == 401009


def test_a_session_that_expired_while_it_was_cached_is_unknown(house):
    """The cache must not lengthen a session."""
    house.regrant(expires_at=float(NOW))
    assert house.signed("GET", DEMOS, credential=TOKEN).code == 401009


def test_an_api_key_that_expired_while_it_was_cached_is_inactive(house):
    """Its owner proved it, so its owner may know."""
    house.regrant(expires_at=float(NOW))
    assert house.signed("GET", DEMOS).code == 401014


def test_a_day_without_a_key_is_outside_of_identitys_window(house):
    """Identity's clock decides which days' keys exist."""
    house.regrant(keys={})
    assert house.signed("GET", DEMOS).code == 401005


@pytest.mark.parametrize(("change", "code"), [({"user_active": False}, 401013), ({"credential_active": False}, 401014)])
def test_the_state_of_an_account_is_told_to_its_proven_owner_alone(house, change, code):
    """Without the signature anybody could ask which accounts are locked."""
    house.regrant(**change)
    assert house.signed("GET", DEMOS, secret="wrong").code == 401006
    assert house.signed("GET", DEMOS).code == code


@pytest.mark.parametrize(
    "change",
    [
        {"target": DEMOS + "?page=2"},
        {"method": "DELETE", "target": DEMOS + "/1"},
        {"body": b"{}"},
        {"headers": {"Idempotency-Key": "other"}},
        {"headers": {"Content-Type": "text/plain"}},
        {"headers": {"Range": "bytes=0-1"}},
        {"headers": {"If-Range": "x"}},
        {"headers": {"If-Match": '"1"'}},
        {"headers": {"If-None-Match": '"1"'}},
    ],
)
def test_whatever_was_signed_cannot_be_altered(house, change):
    """Signed = checked: nothing that changes what a request means stays outside."""
    headers = house.signed_headers("GET", DEMOS)
    answer = house.send(
        change.get("method", "GET"),
        change.get("target", DEMOS),
        headers | change.get("headers", {}),
        change.get("body", b""),
    )
    assert answer.code == 401006


def test_a_repeated_request_is_refused(house):
    """A request that was overheard has no second life."""
    headers = house.signed_headers("POST", DEMOS, body=b"{}")
    assert house.send("POST", DEMOS, headers, b"{}").code == 200
    assert house.send("POST", DEMOS, headers, b"{}").code == 401015
    assert len(house.resources.sent) == 1


def test_a_bad_signature_spends_no_nonce(house):
    """Otherwise anybody who sees a nonce could block the request that carries it."""
    headers = house.signed_headers("GET", DEMOS)
    house.send("GET", DEMOS, headers | {"X-Sign": "0" * 64})
    assert not house.nonces.claimed
    assert house.send("GET", DEMOS, headers).code == 200


def test_a_missing_permission_spends_the_nonce(house):
    """A refused request is used up: it must not come into force when the permission arrives."""
    house.regrant(permissions={})
    headers = house.signed_headers("GET", DEMOS)
    assert house.send("GET", DEMOS, headers).code == 403001
    assert house.send("GET", DEMOS, headers).code == 401015


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("GET", DEMOS, 403001),
        ("HEAD", DEMOS, 403001),
        ("POST", DEMOS, 403003),
        ("PATCH", DEMOS + "/1", 403002),
        ("DELETE", DEMOS + "/1", 403002),
        ("GET", DEMOS + "/special", 403001),
    ],
)
def test_a_missing_permission_is_told_by_the_kind_of_operation(house, method, target, code):
    """Default deny, with a code per kind."""
    house.regrant(permissions={})
    answer = house.signed(method, target)
    assert answer.status == 403
    assert method == "HEAD" or answer.code == code


def test_a_nonce_store_that_was_born_after_the_request_refuses_it(house):
    """A lost store must not let old requests through again."""
    house.nonces.born = NOW
    answer = house.signed("GET", DEMOS)
    assert answer.code == 401005
    assert answer.document["data"] == {"server_time": NOW}


def test_nothing_passes_while_identity_is_down(house):
    """Fail closed, and without a word on what failed."""
    house.grants.failure = GrantsUnavailable("identity at 10.0.0.7 is down")
    answer = house.signed("GET", DEMOS)
    assert (answer.code, answer.document["data"]) == (503001, None)
    assert b"10.0.0.7" not in answer.body


def test_nothing_passes_while_the_nonce_store_is_down(house):
    """What cannot be checked for replay is not let through."""
    house.nonces.failure = NoncesUnavailable("disk is full")
    assert house.signed("GET", DEMOS).code == 503001
    assert not house.resources.sent


def test_a_body_is_not_read_before_the_headers_were_judged(house):
    """A stranger must not make the gateway read."""

    class Unread:
        def read(self, _size):
            raise AssertionError("the body was read")

        read1 = read

    headers = house.signed_headers("POST", DEMOS) | {"X-Timestamp": str(NOW - 1000), "Content-Length": "10"}
    assert house.send("POST", DEMOS, headers, stream=Unread()).code == 401005
    headers = house.signed_headers("POST", DEMOS, credential="ak_unknown") | {"Content-Length": "10"}
    assert house.send("POST", DEMOS, headers, stream=Unread()).code == 401006
    headers = house.signed_headers("POST", DEMOS) | {"Content-Length": "101"}
    assert house.send("POST", DEMOS, headers, stream=Unread()).code == 413001


class Slow:
    """A body that something happens before."""

    def __init__(self, body, happening):
        self._body, self._happening = body, happening

    def read(self, _size):
        self._happening()
        body, self._body = self._body, b""
        return body

    read1 = read


@pytest.mark.parametrize("framing", [{"Content-Length": "2"}, {"Transfer-Encoding": "chunked"}])
@pytest.mark.parametrize(
    ("change", "code"),
    [({"credential_active": False}, 401014), ({"user_active": False}, 401013), ({"permissions": {}}, 403003)],
)
def test_what_was_revoked_while_a_body_was_held_back_is_revoked(house, framing, change, code):
    """Who sends slowly would otherwise keep the rights of the moment in which the headers arrived, for minutes."""
    headers = house.signed_headers("POST", DEMOS, body=b"{}") | framing
    assert house.send("POST", DEMOS, headers, stream=Slow(b"{}", lambda: house.regrant(**change))).code == code
    assert not house.resources.sent


def test_a_refusal_for_want_of_a_permission_names_it(house):
    """The contract says the same to everybody; a user who reads it here knows what to ask for."""
    house.regrant(permissions={})
    answer = house.signed("POST", DEMOS)
    assert answer.document["return_msg"] == "You may not create this. It takes the permission demo:create."


def test_a_credential_that_is_gone_after_its_body_came_is_unknown(house):
    """The same for one that was deleted."""
    headers = house.signed_headers("POST", DEMOS, body=b"{}") | {"Content-Length": "2"}
    assert house.send("POST", DEMOS, headers, stream=Slow(b"{}", house.grants.known.clear)).code == 401006


@pytest.mark.parametrize("target", [DEMOS, "/api/v1/sessions"])
def test_a_body_that_comes_after_the_window_is_too_late(house, target):
    """A timestamp is judged when the request is whole; and no nonce is spent on one that is not fresh."""

    def wait():
        house.clock.now += 301

    headers = house.signed_headers("POST", target, body=b"{}") | {"Content-Length": "2"}
    assert house.send("POST", target, headers, stream=Slow(b"{}", wait)).code == 401005
    assert not house.nonces.claimed


def test_a_request_without_a_body_is_looked_up_once(house):
    """Nothing can have happened in between."""
    assert house.signed("GET", DEMOS).code == 200
    assert len(house.grants.asked) == 1


def test_a_chunked_body_is_read_up_to_its_limit(house):
    """No header says how long it is."""
    fits, too_long = b"x" * 100, b"x" * 101
    headers = house.signed_headers("POST", DEMOS, body=fits) | {"Transfer-Encoding": "chunked"}
    assert house.send("POST", DEMOS, headers, fits).code == 200
    headers = house.signed_headers("POST", DEMOS, body=too_long) | {"Transfer-Encoding": "chunked"}
    answer = house.send("POST", DEMOS, headers, too_long)
    assert answer.code == 413001
    assert answer.headers["Connection"] == "close"


def test_a_body_that_breaks_off_is_the_clients_fault(house):
    """Rubbish gets 4xx, never 500."""

    class Broken:
        def read(self, _size):
            raise OSError("unexpected end of file")

        read1 = read

    headers = house.signed_headers("POST", DEMOS) | {"Content-Length": "10"}
    assert house.send("POST", DEMOS, headers, stream=Broken()).code == 400001


def test_signing_in_needs_a_nonce_but_no_signature(house):
    """Nothing to sign with, but nothing to replay either."""
    target, headers = "/api/v1/sessions", {"X-Timestamp": str(NOW), "X-Nonce": "n" * 16}
    assert house.send("POST", target, {}, b"{}").code == 401007
    assert house.send("POST", target, without(headers, "X-Nonce"), b"{}").code == 401008
    assert house.send("POST", target, headers | {"X-Timestamp": str(NOW - 301)}, b"{}").code == 401005
    assert house.send("POST", target, headers, b"{}").code == 200
    assert house.send("POST", target, headers, b"{}").code == 401015
    passport = house.passport(house.identity)
    assert (passport.authentication, passport.user_id, passport.permission) == ("none", None, "")
    assert list(house.nonces.claimed) == [("public", "n" * 16)]


def test_signing_in_too_often_is_refused_before_anything_is_stored(house):
    """The rate limit protects the store and the password hash behind it."""
    house.limiter.wait = 2.2
    answer = house.send("POST", "/api/v1/sessions", {"X-Timestamp": str(NOW), "X-Nonce": "n" * 16}, b"{}")
    assert (answer.code, answer.headers["Retry-After"]) == (429001, "3")
    assert not house.nonces.claimed


def test_a_public_read_needs_nothing(house):
    """It changes nothing, so it may be repeated."""
    assert house.send("GET", "/api/v1/motd").code == 200
    assert not house.limiter.taken
