"""A fuzzer that signs wrongly would be refused every time and find nothing."""

from typing import Any

import pytest
import requests

from signet_protocol.signing import body_digest, signature_matches, signing_key, string_to_sign, utc_day
from signet_testing.fuzz.signing import DECLARED, UNSIGNABLE, Secret, Signer

KEY = Secret("ak_test", "secret")
SESSION = Secret("st_test", "other", token=True)


def prepared(method: str, path: str, **options: Any) -> requests.PreparedRequest:
    signer = Signer(KEY, frozenset({("POST", "/api/v1/sessions")}), lambda: SESSION)
    return requests.Request(method, f"http://127.0.0.1:1{path}", auth=signer, **options).prepare()


def is_proven(request: requests.PreparedRequest, secret: Secret) -> bool:
    """Check the signature as a gateway does, from what is on the wire."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = request.body or b""
    text = string_to_sign(
        timestamp=headers["x-timestamp"],
        nonce=headers["x-nonce"],
        credential=secret.credential,
        method=str(request.method),
        target=request.path_url,
        headers=headers,
        body_sha256=body_digest(body if isinstance(body, bytes) else body.encode()),
    )
    key = signing_key(secret.secret, utc_day(int(headers["x-timestamp"])))
    return signature_matches(key, text, headers["x-sign"])


def test_final_bytes_are_signed() -> None:
    """Target, body and signed headers all count."""
    request = prepared("POST", "/api/v1/demos?x=%C3%A9", json={"demo_name": "数"}, headers={"Idempotency-Key": "k"})
    assert request.headers["X-Api-Key"] == KEY.credential
    assert is_proven(request, KEY)


def test_public_operation_is_fresh_and_unsigned() -> None:
    """There is nothing to sign with before signing in, and a replay is refused all the same."""
    headers = prepared("POST", "/api/v1/sessions", json={}).headers
    assert {"X-Timestamp", "X-Nonce"} <= set(headers)
    assert "X-Sign" not in headers


def test_signing_out_ends_a_session_made_for_it() -> None:
    """The fuzzer would otherwise shut itself out with its own request."""
    request = prepared("DELETE", "/api/v1/sessions/current")
    assert request.headers["Authorization"] == "Bearer st_test"
    assert "X-Api-Key" not in request.headers
    assert is_proven(request, SESSION)


def test_what_cannot_be_signed_is_sent_nevertheless() -> None:
    """Refusing odd bytes is the gateway's business, so they have to reach it."""
    request = prepared("GET", "/api/v1/demos", headers={"If-Match": b"\xe9"})
    assert request.headers["X-Sign"] == UNSIGNABLE


def test_a_stream_declares_the_very_bytes_that_are_sent() -> None:
    """No schema can say so: what was generated has the right spelling and is another's digest."""
    request = prepared("POST", "/api/v1/files", data="数", headers={DECLARED: "0" * 64})
    assert request.headers[DECLARED] == body_digest("数".encode())
    assert is_proven(request, KEY)


@pytest.mark.parametrize("declared", ["", "0" * 63, "G" * 64, b"\xe9" * 64])
def test_a_digest_that_is_meant_to_be_wrong_stays_so(declared: str | bytes) -> None:
    """Mended, it would test nothing."""
    assert prepared("POST", "/api/v1/files", data="数", headers={DECLARED: declared}).headers[DECLARED] == declared


def test_a_stream_that_is_to_declare_nothing_declares_nothing() -> None:
    """The platform has to refuse it."""
    assert DECLARED not in prepared("POST", "/api/v1/files", data="数").headers
