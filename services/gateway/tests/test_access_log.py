"""One line a request, with nothing in it that must not be written down."""

import io
import json

import pytest

from signet_common.observability.access_log import AccessLog
from signet_common.passport import PassportIssuer
from signet_gateway.application.traffic import Limits
from signet_gateway.bootstrap.composition import Outside, compose


@pytest.fixture
def logged(house, make_contracts, tmp_path):
    """Return a function that sends requests and gives back the lines that they left."""
    log = AccessLog(str(tmp_path / "access.log"))
    keys = {"resources": {"k1": b"k" * 32}, "identity": {"k1": b"k" * 32}}
    outside = Outside(
        house.clock,
        house.grants,
        house.nonces,
        Limits(house.limiter),
        PassportIssuer("gateway", keys, house.clock),
        {"resources": house.resources, "identity": house.identity},
        [],
        house.refusals,
        {"resources": house.streams},
    )
    house.application = compose(
        make_contracts(), outside, max_body_bytes=1000, streams=128, streams_per_user=2, access_log=log
    )

    def lines():
        log.flush()
        return [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]

    yield lines
    log.close()


def test_a_request_leaves_one_line_without_its_query_and_secrets(house, logged):
    """Queries hold names of people and files; headers hold credentials."""
    headers = house.signed_headers("GET", "/api/v1/demos?demo_name=alice")
    answer = house.send("GET", "/api/v1/demos?demo_name=alice", headers)
    (line,) = logged()
    assert line["target"] == "/api/v1/demos"
    assert (line["user_id"], line["return_code"], line["status"]) == (1, 200, 200)
    assert line["request_id"] == answer.headers["X-Request-Id"]
    text = json.dumps(line)
    for secret in ("alice", headers["X-Nonce"], headers["X-Sign"], headers["X-Api-Key"], headers["X-Timestamp"]):
        assert secret not in text


def test_a_refused_request_leaves_its_code_and_no_user_whom_nobody_proved(house, logged):
    """A forged request must not stand in the log under its victim's name."""
    house.signed("GET", "/api/v1/demos", secret="wrong")
    (line,) = logged()
    assert (line["return_code"], line["user_id"], line["client_ip"]) == (401006, None, "192.0.2.1")


def test_a_streams_line_is_written_when_it_ends_and_counts_what_was_sent(house, logged, make_stream):
    """Only then is it known how much that was."""
    house.send("GET", "/healthz")
    house.streams.answer = make_stream(200, [("content-length", "4")], [b"ab", b"cd"])
    headers = house.signed_headers("GET", "/api/v1/blobs")
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "GET", "RAW_URI": "/api/v1/blobs", "PATH_INFO": "/api/v1/blobs"}
    body = house.application(environ | {"wsgi.input": io.BytesIO()}, lambda *_: None)
    assert len(logged()) == 1
    assert b"".join(body) == b"abcd"
    body.close()
    (_, line) = logged()
    assert (line["status"], line["bytes_sent"]) == (200, 4)
