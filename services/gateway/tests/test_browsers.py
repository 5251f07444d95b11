"""What a browser is told: which pages may read, and that nothing here is a page."""

import pytest

DEMOS = "/api/v1/demos"
HOME = "https://app.example.org"


@pytest.fixture
def open_house(make_house):
    return make_house(cors_origins=[HOME])


def cors(answer):
    return {name for name in answer.headers if name.startswith("Access-Control-")}


def preflight(house, target=DEMOS, origin=HOME):
    return house.send("OPTIONS", target, {"Origin": origin, "Access-Control-Request-Method": "POST"})


def test_by_default_no_page_of_others_may_read_anything(house):
    """Whoever deploys names the origins; until then nothing is even said about them."""
    answer = house.send("GET", "/api/v1/motd", {"Origin": HOME})
    assert answer.code == 200
    assert not cors(answer)
    assert "Vary" not in answer.headers
    assert not cors(preflight(house))


def test_a_preflight_is_answered_unsigned_with_what_the_target_allows(open_house):
    """The browser asks before it signs; no service and no identity is asked."""
    answer = preflight(open_house)
    assert answer.code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == HOME
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"
    for name in (
        "X-Api-Key",
        "Authorization",
        "X-Timestamp",
        "X-Nonce",
        "X-Sign",
        "Idempotency-Key",
        "If-Match",
        "X-Key",
    ):
        assert name in answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert not open_house.grants.asked
    assert not open_house.resources.sent


def test_a_named_origin_reads_answers_and_their_headers_refusals_too(open_house):
    """A page that was limited wants to know for how long."""
    for answer in (
        open_house.signed("GET", DEMOS, {"Origin": HOME}),
        open_house.send("GET", DEMOS, {"Origin": HOME}),
        open_house.send("GET", "/healthz", {"Origin": HOME}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == HOME
        assert answer.headers["Vary"] == "Origin"
        for name in ("ETag", "X-Request-Id", "RateLimit", "Retry-After"):
            assert name in answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["https://app.example.org.evil.test", "http://app.example.org", "https://app.example.org:8443", "null", "*"],
)
def test_any_other_origin_is_told_nothing(open_house, origin):
    """Compared in full: a prefix, another scheme or port is somebody else. Caches keep the two apart."""
    answer = open_house.send("GET", "/api/v1/motd", {"Origin": origin})
    assert not cors(answer)
    assert answer.headers["Vary"] == "Origin"
    assert not cors(preflight(open_house, origin=origin))


def test_a_preflight_of_an_unknown_path_allows_nothing(open_house):
    """404 makes the browser stop."""
    answer = preflight(open_house, "/api/v1/nothing")
    assert answer.code == 404001
    assert answer.headers["Access-Control-Allow-Methods"] == ""


@pytest.mark.parametrize("target", [DEMOS, "/api/v1/motd", "/api/v1/nothing", "/healthz", "/openapi.json", "/docs"])
def test_no_answer_can_be_sniffed_framed_or_referred_from(house, target):
    """A downloaded object is no script, and no page of ours can be laid under somebody's click."""
    headers = house.send("GET", target).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] in {"no-store", "no-cache"}


def test_an_options_request_that_asks_for_no_method_is_no_preflight(open_house):
    """A page may ask it for itself, and reads the answer like any other."""
    answer = open_house.send("OPTIONS", DEMOS, {"Origin": HOME})
    assert cors(answer) == {"Access-Control-Allow-Origin", "Access-Control-Expose-Headers"}
