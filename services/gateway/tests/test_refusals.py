"""What was refused is counted in bounded memory, and told to identity once."""

import itertools
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
        (403001, "api_key/7", ""): 1,
    }
    forged, forbidden = groups[401006, "api_key/7", "createDemo"], groups[403001, "api_key/7", ""]
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


@pytest.mark.parametrize("code", [403001, 403002, 403003, 404001])
def test_what_a_service_refuses_for_want_of_a_right_is_counted_with_its_user(house, code):
    """It decides about objects and fields that the gateway does not know: who tries for more must leave a trace."""
    body = b'{"return_code":%d,"return_msg":"","data":null}' % code
    house.resources.answer = UpstreamAnswer(code // 1000, [("content-type", "application/json")], body)
    answer = house.signed("GET", f"{DEMOS}/7?name=ada")
    assert answer.code == code
    (refused,) = house.refusals.take()
    assert refused.group == Group(ReturnCode(code), "api_key/7", True, "192.0.2.1", "")
    assert (refused.user_id, refused.target) == (1, f"{DEMOS}/7")
    assert refused.request_id == answer.headers["X-Request-Id"]


def test_what_a_service_refuses_for_other_reasons_is_nobodys_attempt(house):
    """A form filled in wrongly, or a name that is taken."""
    for code in (400002, 409001, 412001):
        body = b'{"return_code":%d,"return_msg":"","data":null}' % code
        house.resources.answer = UpstreamAnswer(code // 1000, [("content-type", "application/json")], body)
        assert house.signed("GET", f"{DEMOS}/7").code == code
    assert house.refusals.take() == []


def refused_head(**changes):
    known = {"request_id": "r", "peer": "192.0.2.1", "code": ReturnCode.PARAM_ERROR, "method": "POST"}
    told = {"reason": "Content-Length is repeated", "target": "/probe?name=ada", "forwarded_for": None}
    return RefusedHead(**known | told | changes)


def request(**changes):
    known = {"request_id": "r", "client_ip": "192.0.2.1", "method": "GET", "target": "/", "headers": {}}
    return Request(**known | changes, content_length=0, read=lambda _: b"", receive=lambda _: b"")


class Clock:
    """A clock that is put."""

    def __init__(self):
        self.now = 1_767_225_600.0

    def __call__(self):
        return self.now


@pytest.fixture
def minute():
    """A minute of a log at 20 groups for an address: what is told in it, second by second."""
    clock = Clock()
    log = RefusalLog(clock, rate=20)
    log.take()

    def pass_with(attack):
        told = []
        for _ in range(60):
            attack(log)
            told += log.take()
            clock.now += 1
        return told

    return pass_with


def varied(addresses):
    """An attack of one second, as varied as a request can be without a credential of one's own."""

    def attack(log):
        for number in range(100):
            code = [ReturnCode.SIGN_INVALID, ReturnCode.SIGN_EXPIRED, ReturnCode.RESOURCE_NOT_FOUND][number % 3]
            changed = {"operation": f"operation{number % 7}", "credential_id": f"api_key/{number}"}
            log.note(request(client_ip=next(addresses), **changed), code)

    return attack


@pytest.mark.parametrize("network", ["192.0.2.1", "2001:db8:0:{:x}::{:x}"])
def test_one_address_writes_a_few_records_a_minute_whatever_it_varies(minute, network):
    """The log is kept for ever: who may fill it fills the disk."""
    addresses = (network.format(number % 256, number) for number in itertools.count())
    told = minute(varied(addresses)) + minute(varied(addresses))
    assert len(told) <= 2 * (20 + 3)
    assert sum(one.count for one in told) >= 100 * 60


def test_all_addresses_together_write_some_records_a_minute(minute):
    """Addresses of IPv6 are nothing that an attacker lacks."""
    addresses = (f"2001:db8:{number >> 8:x}:{number % 256:x}00::1" for number in itertools.count())
    told = minute(varied(addresses)) + minute(varied(addresses))
    assert len(told) <= 2 * (60 + 60 + 3)


def test_every_refusal_is_counted_whatever_is_left_out(minute):
    """Beyond the bound the audit log still says how many there were, of which kind and from where."""
    told = minute(varied(itertools.repeat("192.0.2.1")))
    told += minute(lambda log: None)
    assert sum(one.count for one in told) == 100 * 60
    collapsed = {(one.group.code, one.group.client_ip) for one in told if not one.group.credential}
    assert collapsed == {
        (code, "192.0.2.1")
        for code in (ReturnCode.SIGN_INVALID, ReturnCode.SIGN_EXPIRED, ReturnCode.RESOURCE_NOT_FOUND)
    }


def test_what_is_signed_is_told_apart_whatever_nobody_has_signed(minute):
    """Noise from outside must not hide who tries what from inside."""
    addresses = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in itertools.count())
    loud = varied(addresses)

    def attack(log):
        loud(log)
        log.note(request(user_id=3, credential_id="api_key/7", operation="getUser"), ReturnCode.RESOURCE_NOT_FOUND)

    told = minute(attack)
    proven = [one for one in told if one.group.proven]
    assert len(proven) == 60
    assert {(one.user_id, one.group.credential, one.group.operation) for one in proven} == {(3, "api_key/7", "getUser")}


def test_one_user_does_not_crowd_out_another(minute):
    """Nor does it help to have many keys."""

    def attack(log):
        for number in range(300):
            log.note(request(user_id=4, credential_id=f"api_key/{number}"), ReturnCode.RESOURCE_NOT_FOUND)
        log.note(request(user_id=3, credential_id="api_key/7"), ReturnCode.RESOURCE_WRITE_FORBIDDEN)

    told = minute(attack) + minute(lambda log: None)
    assert len([one for one in told if one.user_id == 3]) == 60
    assert len([one for one in told if one.user_id == 4]) <= 60 + 60


def test_the_memory_for_refusals_is_bounded_while_nobody_takes_them():
    """Identity may be away for hours, and an attack from a million addresses costs details, not memory."""
    clock = Clock()
    log = RefusalLog(clock, rate=10)
    for number in range(20_000):
        clock.now += 1
        log.note(request(client_ip=f"10.0.{number >> 8}.{number & 255}"), ReturnCode.SIGN_INVALID)
        log.note(request(user_id=number, credential_id=f"api_key/{number}"), ReturnCode.NONCE_REUSED)
    groups = log.take()
    assert len(groups) <= 2 * (30 + 600) + 2
    assert sum(one.count for one in groups) == 40_000
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


def test_a_report_is_never_longer_than_identity_takes(log, reports, identity):
    """One that is refused for its length would be lost whole."""
    for number in range(1100):
        log.note(request(user_id=number, credential_id=f"api_key/{number}"), ReturnCode.NONCE_REUSED)
    assert reports.deliver()
    assert [len(refusals) for _, _, _, refusals in identity.taken] == [500, 500, 100]


def test_shutdown_reports_what_waits_for_the_end_of_its_minute(identity):
    """What is collapsed would otherwise never be told."""
    log = RefusalLog(Clock(), rate=1)
    reports = RefusalReports(log, identity, PassportIssuer("gateway", {"identity": {"k1": KEY}}))
    assert reports.deliver()
    for number in range(5):
        log.note(request(operation=f"operation{number}"), ReturnCode.SIGN_INVALID)
    assert reports.deliver()
    reports.flush()
    assert [told["count"] for _, _, _, refusals in identity.taken for told in refusals] == [1, 4]


def test_a_report_that_identity_refuses_is_not_repeated_for_ever(log, reports, identity):
    """It would keep every later one from being told."""
    identity.status = 400
    log.note(request(), ReturnCode.SIGN_INVALID)
    assert reports.deliver()
    assert reports.dropped == 1
