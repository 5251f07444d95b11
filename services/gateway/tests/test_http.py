"""What goes to the services, what comes back to the clients, and what the gateway answers itself."""

import ipaddress
import json

import pytest

from signet_gateway.adapters.inbound.client_address import ClientAddress
from signet_gateway.application.errors import UpstreamTimeout, UpstreamUnavailable
from signet_gateway.application.ports import CheckResult, UpstreamAnswer
from signet_protocol.signing import string_to_sign

DEMOS = "/api/v1/demos"


def test_only_what_was_checked_goes_to_the_service(house):
    """A header that nobody signed must not steer a service; a forged passport least of all."""
    signed = {"Content-Type": "application/json", "Idempotency-Key": "k1", "If-Match": '"1"', "Range": "bytes=0-1"}
    headers = house.signed_headers("POST", DEMOS, signed, b"{}") | {
        "X-Passport": "forged",
        "X-Request-Id": "forged",
        "X-Forwarded-For": "10.9.9.9",
        "X-User-Id": "1",
        "Cookie": "a=b",
        "Accept": "application/json",
        "Accept-Language": "de",
    }
    assert house.send("POST", DEMOS, headers, b"{}").code == 200
    method, target, sent, body = house.resources.sent[0]
    assert (method, target, body) == ("POST", DEMOS, b"{}")
    assert set(sent) == {
        *("content-type", "idempotency-key", "if-match", "range", "accept", "accept-language"),
        *("x-passport", "x-request-id", "traceparent"),
    }
    assert sent["x-request-id"] != "forged"
    assert house.passport(house.resources).client_ip == "192.0.2.1"


def test_the_passport_says_who_called_and_what_they_signed(house):
    """The service and the audit log rely on nothing else."""
    import hashlib

    headers = house.signed_headers("GET", f"{DEMOS}?page=1")
    answer = house.send("GET", f"{DEMOS}?page=1", headers)
    passport = house.passport(house.resources)
    text = string_to_sign(
        timestamp=headers["X-Timestamp"],
        nonce=headers["X-Nonce"],
        credential=headers["X-Api-Key"],
        method="GET",
        target=f"{DEMOS}?page=1",
        headers={},
        body_sha256=hashlib.sha256(b"").hexdigest(),
    )
    assert passport.request_digest == hashlib.sha256(text.encode()).hexdigest()
    assert (passport.user_id, passport.user_name, passport.roles) == (1, "admin", ("administrator",))
    assert (passport.permission, passport.scope) == ("demo:query", "any")
    assert (passport.authentication, passport.credential_id) == ("api_key", "api_key/7")
    assert passport.request_id == answer.headers["X-Request-Id"]


def test_a_traceparent_is_continued(house):
    """One trace from the client to the audit log."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = house.signed_headers("GET", DEMOS) | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    house.send("GET", DEMOS, headers)
    assert house.resources.sent[0][2]["traceparent"].split("-")[1] == trace


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("GET", "/", 404001),
        ("GET", "/api/v1/demos/", 404001),
        ("GET", "/api/v1/demos/1/", 404001),
        ("GET", "/api/v1/unknown", 404001),
        ("GET", "/internal/grants", 404001),
        ("OPTIONS", "/api/v1/unknown", 404001),
        ("PUT", DEMOS, 405001),
        ("get", DEMOS, 405001),
        ("GET", "/api/v1/sessions", 405001),
        ("POST", "/healthz", 405001),
        ("GET", "/api//v1/demos", 400001),
        ("GET", "/api/v1/../v1/demos", 400001),
        ("GET", "/api/v1/%64emos", 400001),
        ("GET", "/api/v1/demos%2F1", 400001),
        ("GET", "/api/v1/demos#x", 400001),
        ("GET", "/api/v1/dem\u00f6s", 400001),
        ("GET", "http://127.0.0.1/api/v1/demos", 400001),
        ("OPTIONS", "*", 400001),
    ],
)
def test_a_path_that_nobody_has_is_refused_before_anybody_is_asked(house, method, target, code):
    """One path, one spelling; which ones there are is public."""
    assert house.send(method, target).code == code
    assert not house.grants.asked


def test_a_wrong_method_is_told_the_right_ones(house):
    """RFC 9110 15.5.6."""
    assert house.send("PUT", DEMOS).headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_options_is_answered_unsigned_by_the_gateway_alone(house):
    """It concerns the path, not the resource."""
    answer = house.send("OPTIONS", f"{DEMOS}/1")
    assert (answer.code, answer.headers["Allow"]) == (200, "DELETE, GET, HEAD, OPTIONS, PATCH")
    assert not house.resources.sent


def test_head_signs_head_and_needs_the_permission_of_get(house):
    """The service is asked with HEAD, and nothing of a body comes back."""
    house.resources.answer = UpstreamAnswer(200, [("content-length", "77"), ("etag", '"3"')], b"")
    assert house.send("HEAD", DEMOS, house.signed_headers("GET", DEMOS)).status == 401
    answer = house.signed("HEAD", DEMOS)
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "77")
    assert house.resources.sent[0][0] == "HEAD"
    assert house.passport(house.resources).permission == "demo:query"


def test_a_literal_path_wins_over_a_parameter(house):
    """`/demos/special` is not the Demo with the id `special`."""
    house.regrant(permissions={"demo:special": "own"})
    assert house.signed("GET", f"{DEMOS}/special").code == 200
    assert house.signed("GET", f"{DEMOS}/1").code == 403001


def test_only_known_headers_come_back(house):
    """What a service says to the house stays in it."""
    house.resources.answer = UpstreamAnswer(
        200,
        [
            ("etag", '"1"'),
            ("cache-control", "private"),
            ("server", "gunicorn"),
            ("set-cookie", "a=b"),
            ("connection", "keep-alive"),
            ("transfer-encoding", "chunked"),
            ("x-internal", "1"),
            ("x-request-id", "theirs"),
        ],
        b"{}",
    )
    headers = house.signed("GET", DEMOS).headers
    assert headers.pop("X-Request-Id") != "theirs"
    assert headers == {
        "ETag": '"1"',
        "Cache-Control": "private",
        "Content-Length": "2",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": (
            "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    }


def test_an_answer_that_says_nothing_of_caching_is_not_stored(house):
    """Answers are somebody's data."""
    assert house.signed("GET", DEMOS).headers["Cache-Control"] == "no-store"


def test_not_modified_comes_back_without_a_length(house):
    """RFC 9110 15.4.5: there is no content that it could tell the length of."""
    house.resources.answer = UpstreamAnswer(304, [("etag", '"1"'), ("content-length", "0")], b"")
    answer = house.signed("GET", DEMOS)
    assert (answer.status, answer.body) == (304, b"")
    assert "Content-Length" not in answer.headers


def test_an_error_of_a_service_passes_as_it_is(house):
    """Its envelope says more than the gateway could."""
    body = b'{"return_code":409001,"return_msg":"demo_name","data":null}'
    house.resources.answer = UpstreamAnswer(409, [("content-type", "application/json")], body)
    answer = house.signed("POST", DEMOS)
    assert (answer.status, answer.body) == (409, body)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, b"Traceback (most recent call last): secret", 500001),
        (500, b'{"detail":"secret"}', 500001),
        (500, b'{"return_code":200,"data":"secret"}', 500001),
        (502, b"<h1>secret</h1>", 503001),
        (503, b"secret", 503001),
        (504, b"secret", 504001),
        (400, b"<h1>secret</h1>", 500001),
        (302, b"secret", 500001),
        (401, b'{"return_code":401016,"return_msg":"secret","data":null}', 503001),
    ],
)
def test_what_is_no_envelope_is_never_shown(house, status, body, code):
    """A traceback, a server's page or trouble about passports is for the log."""
    house.resources.answer = UpstreamAnswer(status, [], body)
    answer = house.signed("GET", DEMOS)
    assert answer.code == code
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    ("failure", "code"), [(UpstreamUnavailable("10.0.0.7"), 503001), (UpstreamTimeout("10.0.0.7"), 504001)]
)
def test_a_service_that_fails_is_told_by_its_code(house, failure, code):
    """And nothing else about it."""
    house.resources.failure = failure
    answer = house.signed("GET", DEMOS)
    assert answer.code == code
    assert b"10.0.0.7" not in answer.body


def test_every_answer_carries_its_request_id_and_forbids_sniffing(house):
    """Refusals too: a user reads the id to whoever looks into the logs."""
    ids = set()
    for answer in (house.signed("GET", DEMOS), house.send("GET", DEMOS), house.send("GET", "/nowhere")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        ids.add(answer.headers["X-Request-Id"])
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "2001:DB8::0:1", "2001:db8::1"),
    ],
)
def test_forwarded_addresses_are_believed_from_our_own_proxies_alone(peer, forwarded_for, expected):
    """The address goes into rate limits and the audit log; anybody can write the header."""
    addresses = ClientAddress([ipaddress.ip_network("10.0.0.0/8")])
    assert addresses.of(peer, forwarded_for) == expected


def test_without_trusted_proxies_the_header_means_nothing():
    """The default believes nobody."""
    assert ClientAddress([]).of("127.0.0.1", "203.0.113.9") == "127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded_for", "expected"),
    [
        (["unix"], "unix", "203.0.113.9", "203.0.113.9"),
        (["unix"], "unix", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (["unix"], "unix", "203.0.113.9, unix", "unix"),
        (["unix"], "unix", None, "unix"),
        (["unix"], "", "203.0.113.9", ""),
        (["unix"], "127.0.0.1", "203.0.113.9", "127.0.0.1"),
        (["unix", ipaddress.ip_network("10.0.0.0/8")], "unix", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ([], "unix", "203.0.113.9", "unix"),
        ([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")], "unix", "203.0.113.9", "unix"),
    ],
)
def test_the_peer_of_a_unix_socket_is_believed_only_where_that_is_said(trusted, peer, forwarded_for, expected):
    """It has no address that a network could hold; and no address may become that word."""
    assert ClientAddress(trusted).of(peer, forwarded_for) == expected


def test_health_needs_nothing_but_the_process(house):
    """A supervisor asks this, unsigned."""
    answer = house.send("GET", "/healthz")
    assert (answer.status, answer.document) == (200, {"status": "alive"})


def test_readiness_names_what_is_not_ready(house):
    """An operator must not have to guess."""
    house.probe.results = {"nonces": CheckResult("ok"), "audit": CheckResult("failed", "does not answer")}
    answer = house.send("GET", "/readyz")
    assert (answer.status, answer.document["status"]) == (503, "failed")
    assert answer.document["checks"]["audit"] == {"status": "failed", "detail": "does not answer"}


def test_what_lags_is_degraded_and_still_serves(house):
    """Taking a gateway out because events lag would make things worse."""
    house.probe.results = {"events": CheckResult("degraded", "not heard")}
    answer = house.send("GET", "/readyz")
    assert (answer.status, answer.document["status"]) == (200, "degraded")


def test_the_merged_contract_holds_every_service(house):
    """One document for clients and fuzzers."""
    answer = house.send("GET", "/openapi.json")
    assert {"/api/v1/demos", "/api/v1/sessions", "/healthz"} <= set(answer.document["paths"])
    assert answer.document["openapi"].startswith("3.1")


def test_the_documentation_runs_no_script_of_others(house):
    """The page is on the origin of the API."""
    page = house.send("GET", "/docs")
    assert page.status == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert b"//" not in page.body
    assert house.send("GET", "/docs/start.js").headers["Content-Type"].startswith("text/javascript")
    assert len(house.send("GET", "/docs/swagger-ui-bundle.js").body) > 100_000


def test_readers_of_the_documentation_share_one_copy_of_it(house):
    """Six hundred who read slowly would otherwise hold as many copies of a script of more than a megabyte."""
    first, second = (house.send("GET", "/docs/swagger-ui-bundle.js").body for _ in range(2))
    assert first is second


def test_the_documentation_is_not_sent_again_to_who_has_it(house):
    """A browser that kept it asks whether it is still the same."""
    script = house.send("GET", "/docs/swagger-ui-bundle.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert script.headers["Cache-Control"] == "max-age=86400"
    again = house.send("GET", "/docs/swagger-ui-bundle.js", {"If-None-Match": script.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("target", ["/docs/nothing", "/docs/", "/docs/%C3%A9", "/docs/LICENSE"])
def test_the_documentation_serves_its_own_files_alone(house, target):
    """It stands on a folder of an installed package."""
    assert house.send("GET", target).code == 404001


@pytest.mark.parametrize("target", ["/docs//start.js", "/docs/..%2F__init__.py", "/docs/./start.js", "/healthz?%"])
def test_a_page_has_one_spelling_and_no_redirect(house, target):
    """A redirect is made of the Host header, which nobody checks: it would lead wherever its sender likes."""
    answer = house.send("GET", target, {"Host": "elsewhere.example"})
    assert answer.code == 400001
    assert "Location" not in answer.headers


def test_the_documentation_knows_no_redirects_even_if_it_is_asked_directly():
    """What the page's own checks let through must not be joined from pieces by the framework."""
    from signet_gateway.adapters.inbound.docs import create_docs

    assert create_docs().test_client().get("/docs//start.js").status_code == 404


@pytest.mark.parametrize("filler", ["a", '"', "\\"])
def test_a_target_that_no_passport_can_carry_is_refused_before_its_nonce_is_spent(house, filler):
    """The service's own limit of a header would refuse it later, and the request would be used up."""
    room = 4096 - len(f"{DEMOS}?q=")
    longest = f"{DEMOS}?q={filler * (room if filler == 'a' else room // 2)}"
    assert house.signed("GET", longest).code == 200
    assert len(house.resources.sent[0][2]["x-passport"]) < 8000
    answer = house.signed("GET", longest + filler)
    assert answer.code == 400001
    assert answer.document["data"]["errors"][0]["field"] == "request-target"
    assert len(house.nonces.claimed) == 1


def test_head_of_a_page_has_no_body(house):
    """RFC 9110 9.3.2."""
    answer = house.send("HEAD", "/healthz")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(json.dumps({"status": "alive"}, separators=(",", ":"))))
