"""A service listens on a socket of its own, and believes nobody but the gateway, for one request at a time."""

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest

from signet_common.passport import Passport, PassportIssuer, parse_keys
from signet_protocol.return_codes import ReturnCode
from signet_protocol.signing import EMPTY_BODY_SHA256, body_digest
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

READ = {
    "identity": ("/api/v1/users", "user:query"),
    "resources": ("/api/v1/demos", "demo:query"),
    "audit": ("/api/v1/audit/records", "record:query"),
}
FORGED_IDENTITY = {
    "X-User-Id": "1",
    "X-User-Name": "admin",
    "X-Roles": "administrator",
    "X-Forwarded-User": "admin",
    "Remote-User": "admin",
    "X-Request-Id": "0" * 32,
}


@pytest.fixture
def gateway_issuer(platform: Platform) -> PassportIssuer:
    """What only the gateway has: its keys, taken out of its settings."""
    return PassportIssuer("gateway", parse_keys(platform.settings_of("gateway-web")["GATEWAY_PASSPORT_ISSUES"]))


def passport(service: str) -> Passport:
    target, permission = READ[service]
    return Passport(
        issuer="gateway",
        audience=service,
        request_id=secrets.token_hex(16),
        method="GET",
        target=target,
        body_sha256=EMPTY_BODY_SHA256,
        user_id=1,
        user_name="admin",
        roles=("administrator",),
        permission=permission,
        scope="any",
        authentication="api_key",
        credential_id="api_key/1",
        client_ip="127.0.0.1",
        request_digest="0" * 64,
    )


def call(platform: Platform, service: str, token: str | None, **headers: str) -> RawAnswer:
    """Ask a service directly for what its passport is about."""
    request = RawRequest("GET", READ[service][0], tuple(headers.items()))
    return send(
        platform.door_of(f"{service}-web"), request if token is None else request.with_header("X-Passport", token)
    )


@pytest.mark.parametrize("service", READ)
def test_right_passport_is_let_in(platform: Platform, gateway_issuer: PassportIssuer, service: str) -> None:
    """The refusals below mean something only because this is not one."""
    assert call(platform, service, gateway_issuer.issue(passport(service))).code == ReturnCode.SUCCESS


@pytest.mark.parametrize("service", READ)
def test_no_passport_is_refused_whatever_is_asked_for(platform: Platform, service: str) -> None:
    """Even which paths exist is nobody's business; the client's own signature does not count here."""
    door = platform.door_of(f"{service}-web")
    paths = (READ[service][0], "/", "/nothing", "/internal/grants", "/api/v1/sessions", "/openapi.json")
    answers = [send(door, RawRequest(method, path)) for path in paths for method in ("GET", "POST", "DELETE")]
    assert {answer.code for answer in answers} == {ReturnCode.PASSPORT_INVALID}
    signed = SignedApi(door, platform.first_run.credential)
    assert signed.call("GET", READ[service][0]).code == ReturnCode.PASSPORT_INVALID


@pytest.mark.parametrize("service", READ)
def test_forged_identity_headers_are_refused(platform: Platform, service: str) -> None:
    """Who the caller is stands in the passport and nowhere else."""
    answer = call(platform, service, None, **FORGED_IDENTITY)
    assert answer.code == ReturnCode.PASSPORT_INVALID


@pytest.mark.parametrize("service", READ)
def test_passport_for_another_service_is_refused(
    platform: Platform, gateway_issuer: PassportIssuer, service: str
) -> None:
    """A service that is broken into must not become the caller at the next one."""
    for other in READ.keys() - {service}:
        mine = replace(passport(service), audience=other)
        assert call(platform, service, gateway_issuer.issue(mine)).code == ReturnCode.PASSPORT_INVALID


OTHER_REQUESTS: dict[str, Callable[[Passport], Passport]] = {
    "method": lambda p: replace(p, method="DELETE"),
    "target": lambda p: replace(p, target=f"{p.target}?page=2"),
    "body": lambda p: replace(p, body_sha256=body_digest(b"{}")),
    "permission": lambda p: replace(p, permission="demo:dance"),
}


@pytest.mark.parametrize("part", OTHER_REQUESTS)
@pytest.mark.parametrize("service", READ)
def test_passport_for_another_request_is_refused(
    platform: Platform, gateway_issuer: PassportIssuer, service: str, part: str
) -> None:
    """It is good for one request, so nothing is gained by finding one in a log or a memory dump."""
    other = OTHER_REQUESTS[part](passport(service))
    assert call(platform, service, gateway_issuer.issue(other)).code == ReturnCode.PASSPORT_INVALID


@pytest.mark.parametrize("service", READ)
def test_passport_of_another_time_or_hand_is_refused(platform: Platform, service: str) -> None:
    """Expired, not valid yet, signed with a key of one's own, or with none."""
    keys = parse_keys(platform.settings_of("gateway-web")["GATEWAY_PASSPORT_ISSUES"])
    own_keys = {name: dict.fromkeys(by_id, secrets.token_bytes(32)) for name, by_id in keys.items()}
    mine = passport(service)
    expired = PassportIssuer("gateway", keys, clock=lambda: 1_700_000_000.0).issue(mine)
    early = PassportIssuer("gateway", keys, clock=lambda: 4_000_000_000.0).issue(mine)
    self_made = PassportIssuer("gateway", own_keys).issue(mine)
    renamed = PassportIssuer("identity", keys).issue(mine)
    unsigned = PassportIssuer("gateway", keys).issue(mine).rpartition(".")[0] + "."
    for token in (expired, early, self_made, renamed, unsigned, "", "x", "a.b.c", "é", "." * 5000):
        assert call(platform, service, token).code in {ReturnCode.PASSPORT_INVALID, ReturnCode.PARAM_ERROR}
    for token in (expired, early, self_made, renamed, unsigned):
        assert call(platform, service, token).code == ReturnCode.PASSPORT_INVALID


def test_passport_of_a_client_is_thrown_away_by_the_gateway(
    platform: Platform, gateway_issuer: PassportIssuer, api: SignedApi
) -> None:
    """Whatever a client brings, the service sees the gateway's own."""
    token = gateway_issuer.issue(passport("resources"))
    unsigned = RawRequest("GET", "/api/v1/demos", (("X-Passport", token),))
    assert send(platform.port, unsigned).code == ReturnCode.AUTH_PARAMS_REQUIRED
    assert api.call("GET", "/api/v1/demos", X_Passport="rubbish").code == ReturnCode.SUCCESS


def test_internal_routes_are_not_reachable_through_the_gateway(platform: Platform, api: SignedApi) -> None:
    """Grants hold signing keys."""
    body = {"kind": "api_key", "credential": platform.first_run.api_key}
    for target in ("/internal/grants", "/api/internal/grants", "/api/v1/internal/grants"):
        assert api.call("POST", target, body).code == ReturnCode.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("job", ["purge", "purge-nonces", "collect-orphans", "remind-expiring-keys", "activity-digest"])
def test_jobs_are_not_reachable_from_outside(platform: Platform, api: SignedApi, job: str) -> None:
    """Whoever could ask for them could keep a service busy, and be mailed what others do."""
    target = f"/internal/jobs/{job}"
    for door in (platform.port, platform.door_of("gateway-web")):
        assert send(door, RawRequest("POST", target)).code == ReturnCode.RESOURCE_NOT_FOUND
    assert api.call("POST", target).code == ReturnCode.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("service", ["identity", "resources", "files", "audit"])
def test_jobs_are_for_the_scheduler_alone(platform: Platform, gateway_issuer: PassportIssuer, service: str) -> None:
    """The gateway is believed in everything but this."""
    mine = Passport(
        issuer="gateway",
        audience=service,
        request_id=secrets.token_hex(16),
        method="POST",
        target="/internal/jobs/purge",
        body_sha256=EMPTY_BODY_SHA256,
        authentication="service",
    )
    request = RawRequest("POST", mine.target, (("X-Passport", gateway_issuer.issue(mine)),))
    assert send(platform.door_of(f"{service}-web"), request).code == ReturnCode.PASSPORT_INVALID


def test_the_scheduler_asks_the_gateway_to_purge_nonces(platform: Platform) -> None:
    """On the gateway's own socket, behind nginx, with the key that the deployment has given to it."""
    gateway = platform.settings_of("gateway-web")["GATEWAY_PASSPORT_ACCEPTS"]
    issuer = PassportIssuer("scheduler", {"gateway": parse_keys(gateway)["scheduler"]})
    target = "/internal/jobs/purge-nonces"
    mine = Passport(
        issuer="scheduler",
        audience="gateway",
        request_id=secrets.token_hex(16),
        method="POST",
        target=target,
        body_sha256=EMPTY_BODY_SHA256,
        authentication="service",
    )
    request = RawRequest("POST", target, (("X-Passport", issuer.issue(mine)),))
    assert send(platform.door_of("gateway-web"), request).code == ReturnCode.SUCCESS
