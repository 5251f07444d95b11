"""`signet sign` seals what the contract wants sealed, and anything on demand."""

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from signet.contract import sealing_of

DATA = '{"password":"hunter2"}'
CONTRACT = {
    "paths": {
        "/api/v1/users/{user_id}": {"post": {"x-sealed": "optional"}},
        "/api/v1/users/me": {"post": {"x-sealed": "required"}},
        "/api/v1/users/{user_id}/keys": {"post": {}},
    }
}


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 3072)


def signed(signet: Any, *arguments: str) -> Any:
    result = signet("sign", "POST", "/api/v1/users/me", "--data", DATA, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_what_the_contract_requires_is_sealed(signet: Any, gateway: Any, key: RSAPrivateKey) -> None:
    """The password is nowhere in what is printed, and the key is in the headers."""
    gateway.seal_to(key)
    gateway.contract = CONTRACT
    printed = signed(signet)
    assert {"X-Key", "X-Key-Id", "X-Sign"} <= printed["headers"].keys()
    assert "hunter2" not in json.dumps(printed)


def test_what_it_does_not_require_is_sealed_on_demand_alone(signet: Any, gateway: Any, key: RSAPrivateKey) -> None:
    """And a demand that is taken back is taken back."""
    gateway.seal_to(key)
    assert "X-Key" not in signed(signet)["headers"]
    assert "X-Key" in signed(signet, "--seal")["headers"]
    gateway.contract = CONTRACT
    assert "X-Key" not in signed(signet, "--no-seal")["headers"]


def test_a_seal_without_a_key_to_seal_to_is_an_error(signet: Any) -> None:
    """Printing the request in the clear instead would give the secret away."""
    result = signet("sign", "POST", "/api/v1/users/me", "--data", DATA, "--seal")
    assert result.exit_code == 1
    assert result.stdout == ""


def test_without_the_gateway_nobody_knows_what_to_seal(signet: Any) -> None:
    """Reading is signed offline as ever; a change says how to sign it all the same."""
    offline = ("--url", "http://127.0.0.1:1", "sign")
    assert signet(*offline, "GET", "/api/v1/demos").exit_code == 0
    refused = signet(*offline, "POST", "/api/v1/demos", "--data", "{}")
    assert refused.exit_code == 6
    assert "--no-seal" in refused.stderr
    assert signet(*offline, "POST", "/api/v1/demos", "--data", "{}", "--no-seal").exit_code == 0


def test_a_body_too_long_for_a_line_wants_a_file(signet: Any, gateway: Any, key: RSAPrivateKey, tmp_path: Any) -> None:
    """The kernel takes 128 KiB in one argument."""
    gateway.seal_to(key)
    body, file = tmp_path / "body", tmp_path / "sealed"
    body.write_text(json.dumps("x" * 100_000))
    asked = ("sign", "POST", "/a", "--seal", "--data", f"@{body}")
    assert signet(*asked).exit_code == 2
    assert f"@{file}" in signet(*asked, "--body-file", str(file)).stdout
    assert set(json.loads(file.read_bytes())) == {"data"}


UPLOADS = {"paths": {"/api/v1/files": {"post": {"x-stream": True, "x-sealed": "never"}, "get": {}}}}


def test_the_hash_of_an_upload_is_declared_by_itself(signet: Any, gateway: Any) -> None:
    """Nobody should have to hash a scan by hand, and the signature is over the same hash."""
    gateway.contract = UPLOADS
    asked = ("sign", "POST", "/api/v1/files?file_name=x", "--data", "scan", "--json", "--explain")
    printed = json.loads(signet(*asked).stdout)
    digest = hashlib.sha256(b"scan").hexdigest()
    assert printed["headers"]["X-Content-SHA256"] == digest
    assert printed["string_to_sign"].endswith(f"\n{digest}")
    assert f"X-Content-SHA256: {digest}" in printed["curl"]


def test_a_declared_hash_is_declared_once(signet: Any, gateway: Any) -> None:
    """A header that comes twice is refused; and nothing but an upload declares one."""
    gateway.contract = UPLOADS
    own = ("--header", "x-content-sha256: " + hashlib.sha256(b"scan").hexdigest())
    printed = json.loads(signet("sign", "POST", "/api/v1/files", "--data", "scan", "--json", *own).stdout)
    assert [name.lower() for name in printed["headers"]].count("x-content-sha256") == 1
    for request in (("GET", "/api/v1/files"), ("POST", "/api/v1/demos", "--data", "{}")):
        assert "X-Content-SHA256" not in json.loads(signet("sign", *request, "--json").stdout)["headers"]


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("POST", "/api/v1/users/me?x=1", "required"),
        ("POST", "/api/v1/users/7", "optional"),
        ("POST", "/api/v1/users/7/keys", ""),
        ("PATCH", "/api/v1/users/me", ""),
        ("POST", "/api/v1/users/7/8", ""),
    ],
)
def test_the_contract_is_asked_for_the_path_itself_first(method: str, target: str, expected: str) -> None:
    """/users/me is not the user called me."""
    assert sealing_of(CONTRACT, method, target) == expected
    assert sealing_of([], method, target) == sealing_of({"paths": []}, method, target) == ""
