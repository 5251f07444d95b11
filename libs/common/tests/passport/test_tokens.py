"""Passports are the only thing a service believes, so every way to bend one must be refused."""

import dataclasses

import jwt
import pytest

from signet_common.passport import Passport, PassportInvalid, PassportIssuer, PassportVerifier, derive_key

MASTER = b"m" * 32
NOW = 1_767_225_600
KEY = derive_key(MASTER, "gateway", "resources")
REQUEST = {"method": "GET", "target": "/api/v1/demos?page=1", "body_sha256": "ab" * 32}
PASSPORT = Passport(
    issuer="gateway",
    audience="resources",
    request_id="r-1",
    user_id=7,
    user_name="数据",
    roles=("user", "auditor"),
    permission="demo:query",
    scope="any",
    authentication="api_key",
    credential_id="api_key/3",
    client_ip="127.0.0.1",
    request_digest="cd" * 32,
    **REQUEST,
)


def verifier(now: float = NOW, audience: str = "resources", key: bytes = KEY) -> PassportVerifier:
    return PassportVerifier(audience, {"gateway": {"k1": key}}, clock=lambda: now)


@pytest.fixture
def token() -> str:
    return PassportIssuer("gateway", {"resources": {"k1": KEY}}, clock=lambda: NOW).issue(PASSPORT)


def test_a_passport_arrives_as_it_was_issued(token: str) -> None:
    assert verifier().verify(token, **REQUEST) == PASSPORT


def test_a_jwt_library_reads_the_token(token: str) -> None:
    """The format is a standard one, whatever makes it."""
    claims = jwt.decode(token, KEY, algorithms=["HS256"], audience="resources", options={"verify_exp": False})
    assert claims["iss"] == "gateway"
    assert claims["exp"] - claims["iat"] == 30


@pytest.mark.parametrize("field", ["method", "target", "body_sha256"])
def test_a_passport_for_another_request_is_refused(token: str, field: str) -> None:
    with pytest.raises(PassportInvalid, match="another request"):
        verifier().verify(token, **(REQUEST | {field: "other"}))


def test_a_passport_for_another_service_is_refused(token: str) -> None:
    with pytest.raises(PassportInvalid):
        verifier(audience="audit").verify(token, **REQUEST)


def test_another_issuers_key_is_refused(token: str) -> None:
    with pytest.raises(PassportInvalid, match="signature"):
        verifier(key=derive_key(MASTER, "audit", "resources")).verify(token, **REQUEST)


@pytest.mark.parametrize(("now", "good"), [(NOW + 60, True), (NOW + 61, False), (NOW - 30, True), (NOW - 31, False)])
def test_a_passport_lives_thirty_seconds_with_thirty_of_leeway(token: str, now: int, good: bool) -> None:
    if good:
        verifier(now).verify(token, **REQUEST)
    else:
        with pytest.raises(PassportInvalid, match="time"):
            verifier(now).verify(token, **REQUEST)


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_the_token_never_chooses_its_algorithm(algorithm: str) -> None:
    claims = {"iss": "gateway", "aud": "resources", "iat": NOW, "exp": NOW + 30}
    forged = jwt.encode(claims, None if algorithm == "none" else KEY * 2, algorithm=algorithm, headers={"kid": "k1"})
    with pytest.raises(PassportInvalid):
        verifier().verify(forged, **REQUEST)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c", "é.é.é", "e30.e30.", "bnVsbA.bnVsbA.x", "x" * 20_000])
def test_rubbish_is_refused_without_an_accident(text: str) -> None:
    with pytest.raises(PassportInvalid):
        verifier().verify(text, **REQUEST)


def test_every_changed_character_is_noticed(token: str) -> None:
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        try:
            got = verifier().verify(changed, **REQUEST)
        except PassportInvalid:
            continue
        # The last character of a base64url signature has idle bits; comparing text refuses a change there too.
        pytest.fail(f"position {position} was not noticed: {dataclasses.asdict(got)}")
