"""What was refused is counted in bounded memory, and told to identity once."""

import json
from ipaddress import ip_network

import pytest

from signet_common.passport import PassportIssuer, PassportVerifier
from signet_common.web.refused_heads import RefusedHead
from signet_gateway.adapters.outbound.refusal_reports import RefusalReports
from signet_gateway.application.errors import UpstreamUnavailable
from signet_gateway.application.ports import UpstreamAnswer
from signet_gateway.application.refusals import Group, RefusalLog
from signet_gateway.application.request import Request
from signet_protocol.return_codes import ReturnCode
from signet_protocol.signing import body_digest

DEMOS = "/api/v1/demos"
KEY = b"k" * 32


def grouped(log):
    return {(one.group.code.value, one.group.credential, one.group.operation): one for one in log.take()}


def test_refusals_are_grouped_by_reason_credential_address_and_operation(house):
    """A thousand forgeries of one attacker are one line of the audit log."""
    for _ in range(3):
        house.signed("POST", DEMOS, body=b"{}", secret="wrong")
    house.signed("POST", DEMOS, body=b"{}", secret="wrong", REMOTE_ADDR="192.0.2.2")
    house.signed("GET", DEMOS, credential="ak_unknown")
    house.send("GET", "/api/v1/nothing?name=ada")
    answer = house.signed("GET", "/api/v1/demos/special")
    groups = grouped(house.refusals)
    assert {key: one.count for key, one in groups.items()} == {
        (401006, "api_key/7", "createDemo"): 4,
        (401006, "unknown", ""): 1,
        (404001, "unknown", ""): 1,
        (403002, "api_key/7", ""): 1,
    }
    forged, forbidden = groups[401006, "api_key/7", "createDemo"], groups[403002, "api_key/7", ""]
    assert (forged.group.proven, forged.user_id) == (False, None)
    assert (forbidden.group.proven, forbidden.user_id) == (True, 1)
    assert forbidden.request_id == answer.headers["X-Request-Id"]
    assert groups[404001, "unknown", ""].target == "/api/v1/nothing"


@pytest.mark.parametrize(
    ("headers", "code"),
    [({"X-Timestamp": "1"}, 400001), ({"X-Sign": ""}, 401004), ({"X-Timestamp": "1767224000"}, 401005)],
)
def test_every_kind_of_refusal_is_counted(house, headers, code):
    """Malformed, unsigned, stale: whoever probes leaves a trace."""
    house.send("GET", DEMOS, house.signed_headers("GET", DEMOS) | headers)
    assert [one.group.code for one in house.refusals.take()] == [code]


def test_a_replay_and_a_limited_request_are_counted_with_their_proven_user(house):
    """Both were signed."""
    headers = house.signed_headers("GET", DEMOS)
    house.send("GET", DEMOS, headers)
    house.send("GET", DEMOS, headers)
    (replayed,) = house.refusals.take()
    assert (replayed.group.code, replayed.user_id) == (401015, 1)


def test_what_a_service_refuses_is_its_own_to_record(house):
    """It has a database and knows more."""
    body = b'{"return_code":404001,"return_msg":"","data":null}'
    house.resources.answer = UpstreamAnswer(404, [("content-type", "application/json")], body)
    assert house.signed("GET", f"{DEMOS}/7").code == 404001
    assert house.refusals.take() == []


def refused_head(**changes):
    known = {"request_id": "r", "peer": "192.0.2.1", "code": ReturnCode.PARAM_ERROR, "method": "POST"}
    told = {"reason": "Content-Length is repeated", "target": "/probe?name=ada", "forwarded_for": None}
    return RefusedHead(**known | told | changes)


def request(**changes):
    known = {"request_id": "r", "client_ip": "192.0.2.1", "method": "GET", "target": "/", "headers": {}}
    return Request(**known | changes, content_length=0, read=lambda _: b"", receive=lambda _: b"")


def test_the_memory_for_refusals_is_bounded_and_every_one_is_counted():
    """An attack from a million addresses costs details, not memory."""
    log = RefusalLog(lambda: 7.0, most_groups=10)
    for number in range(1000):
        log.note(request(client_ip=f"10.0.{number >> 8}.{number & 255}"), ReturnCode.SIGN_INVALID)
        log.note(request(client_ip="10.0.0.1"), ReturnCode.NONCE_REUSED)
    groups = log.take()
    assert len(groups) <= 12
    assert sum(one.count for one in groups) == 2000
    assert log.take() == []


class Identity:
    """Takes reports while `up`."""

    def __init__(self):
        self.up = True
        self.status = 200
        self.taken = []

    def send(self, method, target, headers, body):
        passport = PassportVerifier("identity", {"gateway": {"k1": KEY}}).verify(
            dict(headers)["x-passport"], method=method, target=target, body_sha256=body_digest(body)
        )
        if not self.up:
            raise UpstreamUnavailable("down")
        self.taken.append((method, target, passport, json.loads(body)["refusals"]))
        return UpstreamAnswer(self.status, [], b"{}")


@pytest.fixture
def identity():
    return Identity()


@pytest.fixture
def log():
    return RefusalLog(lambda: 1_767_225_600.0)


@pytest.fixture
def reports(log, identity):
    return RefusalReports(log, identity, PassportIssuer("gateway", {"identity": {"k1": KEY}}))


def test_a_report_is_a_request_of_the_gateways_own(log, reports, identity):
    """Signed with its passport, under a key that makes a repeat harmless."""
    log.note(request(credential_id="api_key/7", operation="createDemo"), ReturnCode.SIGN_INVALID)
    assert reports.deliver()
    ((method, target, passport, refusals),) = identity.taken
    assert (method, target, passport.authentication) == ("POST", "/internal/refusals", "service")
    assert passport.idempotency_key.startswith("refusals/")
    assert refusals == [
        {
            "return_code": 401006,
            "reason": "SignInvalid",
            "credential": "api_key/7",
            "proven": False,
            "client_ip": "192.0.2.1",
            "operation": "createDemo",
            "count": 1,
            "since": "2026-01-01T00:00:00+00:00",
            "until": "2026-01-01T00:00:00+00:00",
            "user_id": None,
            "request_id": "r",
            "method": "GET",
            "target": "/",
        }
    ]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client_ip"),
    [("192.0.2.1", "192.0.2.9", "192.0.2.1"), ("10.0.0.1", "192.0.2.9", "192.0.2.9"), ("10.0.0.1", None, "10.0.0.1")],
)
def test_a_refused_head_is_counted_with_its_address_and_reason(make_house, peer, forwarded_for, client_ip):
    """Only a proxy of ours says who else it was; there is no credential, because nothing was understood."""
    house = make_house(trusted_proxies=[ip_network("10.0.0.0/8")])
    house.application.refused_head(refused_head(peer=peer, forwarded_for=forwarded_for))
    (refused,) = house.refusals.take()
    assert refused.group == Group(ReturnCode.PARAM_ERROR, "unknown", False, client_ip, "", framing=True)
    assert (refused.count, refused.user_id, refused.request_id) == (1, None, "r")
    assert (refused.method, refused.target, refused.reason) == ("POST", "/probe", "Content-Length is repeated")


def test_a_badly_framed_body_is_counted_with_its_reason(house):
    """The caller is told that it is broken off or badly framed; the log knows which."""

    class Broken:
        def read(self, _size):
            raise OSError("the chunked body has a malformed chunk size")

        read1 = read

    headers = house.signed_headers("POST", DEMOS, body=b"{}")
    answer = house.send("POST", DEMOS, headers, b"{}", stream=Broken())
    (refused,) = house.refusals.take()
    assert (answer.code, refused.reason) == (400001, "the chunked body has a malformed chunk size")
    assert (refused.group.credential, refused.request_id) == ("api_key/7", answer.headers["X-Request-Id"])


def test_a_thousand_reasons_are_one_group(log, reports, identity):
    """They may quote what the client sent: groups of them would fill the memory and crowd out everybody else's."""
    for number in range(1000):
        log.note(request(), ReturnCode.PARAM_ERROR, f"the header name 'x{number}' is malformed" + "!" * 1000)
    assert reports.deliver()
    ((_, _, _, (told,)),) = identity.taken
    assert told["count"] == 1000
    assert told["reason"].startswith("the header name 'x999' is malformed")
    assert len(told["reason"]) == 256


def test_nothing_refused_is_nothing_reported(reports, identity):
    """A quiet house costs identity nothing."""
    assert reports.deliver()
    assert not identity.taken


def test_what_is_refused_while_identity_is_down_is_reported_when_it_is_back(log, reports, identity):
    """The gateway goes on; the report whose fate is unknown is repeated under its own key."""
    identity.up = False
    log.note(request(), ReturnCode.SIGN_INVALID)
    assert not reports.deliver()
    for _ in range(5):
        log.note(request(), ReturnCode.NONCE_REUSED)
    assert not reports.deliver()
    identity.up = True
    assert reports.deliver()
    assert [refusals[0]["count"] for _, _, _, refusals in identity.taken] == [1, 5]
    assert len({passport.idempotency_key for _, _, passport, _ in identity.taken}) == 2


def test_a_lost_answer_repeats_the_same_report(log, reports, identity):
    """503001 says nothing about whether it was recorded; the same key says it to identity."""
    identity.status = 503
    log.note(request(), ReturnCode.SIGN_INVALID)
    assert not reports.deliver()
    identity.status = 200
    log.note(request(), ReturnCode.SIGN_INVALID)
    assert reports.deliver()
    keys = [passport.idempotency_key for _, _, passport, _ in identity.taken]
    assert keys[0] == keys[1] != keys[2]
    assert [len(refusals) for _, _, _, refusals in identity.taken] == [1, 1, 1]
    assert identity.taken[0][3] == identity.taken[1][3]


def test_shutdown_reports_what_is_left_and_counts_what_it_cannot(log, reports, identity, caplog):
    """The log of the process says that the audit log is not whole."""
    log.note(request(), ReturnCode.SIGN_INVALID)
    reports.flush()
    assert len(identity.taken) == 1
    identity.up = False
    log.note(request(), ReturnCode.SIGN_INVALID)
    assert not reports.deliver()
    log.note(request(), ReturnCode.SIGN_INVALID)
    reports.flush()
    assert reports.dropped == 2
    assert "2 refusals are missing from the audit log" in caplog.text


def test_a_report_that_identity_refuses_is_not_repeated_for_ever(log, reports, identity):
    """It would keep every later one from being told."""
    identity.status = 400
    log.note(request(), ReturnCode.SIGN_INVALID)
    assert reports.deliver()
    assert reports.dropped == 1
