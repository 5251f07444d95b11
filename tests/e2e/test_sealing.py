"""Sealed requests on the live platform, which demands seals: the SDK, the command line, and whoever tampers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signet import Client
from signet.errors import Refused
from signet_protocol import sealing
from signet_protocol.headers import new_nonce
from signet_protocol.sealing_keys import read_jwk
from signet_testing.platform import Platform
from signet_testing.raw_http import RawAnswer, RawRequest, send, signed

DEMOS = "/api/v1/demos"
JSON = ("Content-Type", "application/json")


@pytest.fixture(scope="module")
def sealed_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform as in production: what carries secrets must come sealed."""
    with Platform(tmp_path_factory.mktemp("sealed"), {"GATEWAY_SEALING": "required"}) as running:
        yield running


def signet(platform: Platform, home: Path, *arguments: str) -> str:
    return subprocess.run(
        [Path(sys.executable).with_name("signet"), *arguments],
        env={"PATH": "/usr/bin:/bin", "XDG_CONFIG_HOME": str(home), "HOME": str(home)},
        input=platform.first_run.password + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_signing_in_is_sealed_without_being_asked(sealed_platform: Platform) -> None:
    """And an open sign-in, as any HTTP client would send it, is refused."""
    first = sealed_platform.first_run
    with Client.login(sealed_platform.url, first.user_name, first.password) as client:
        assert client.users.me().user_name == first.user_name
    now = int(time.time())
    fresh = (("X-Timestamp", str(now)), ("X-Nonce", new_nonce()), JSON)
    opened = RawRequest("POST", "/api/v1/sessions", fresh, b'{"login":"a","password":"b"}')
    assert send(sealed_platform.port, opened).code == 400004


def test_a_demo_is_created_and_read_under_seal(sealed_platform: Platform) -> None:
    """What need not be sealed may be."""
    with sealed_platform.client(seal_always=True) as client:
        made = client.demos.create("sealed")
        assert client.demos.get(made.demo_id).demo_name == "sealed"
        client.demos.delete(made.demo_id)


def test_the_command_line_pins_what_first_run_names(sealed_platform: Platform, tmp_path: Path) -> None:
    """And signs in under seal, with nothing but that file."""
    signet(sealed_platform, tmp_path, "--first-run", str(sealed_platform.home / "first-run.json"), "login")
    [pinned] = json.loads((tmp_path / "signet" / "pins.json").read_text()).values()
    assert pinned == [sealed_platform.first_run.sealing_key]


def curled(platform: Platform, home: Path, *arguments: str) -> Any:
    """Sign with the command line, run what it prints, and return the answer."""
    line = signet(platform, home, "--first-run", str(platform.home / "first-run.json"), "sign", *arguments)
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(ran.stdout)


def test_a_signed_curl_line_is_sealed_where_the_contract_requires_it(sealed_platform: Platform, tmp_path: Path) -> None:
    """Nobody has to know which operations carry secrets; who insists on the clear is refused by the gateway."""
    body = tmp_path / "user.json"
    body.write_text('{"user_name": "curl", "password": "correct horse battery 9"}')
    asked = ("POST", "/api/v1/users", "--data", f"@{body}")
    assert curled(sealed_platform, tmp_path, *asked, "--no-seal")["return_code"] == 400004
    answer = curled(sealed_platform, tmp_path, *asked)
    assert answer["return_code"] == 200
    assert isinstance(answer["data"], str)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_signed_curl_line_is_sealed_on_demand(sealed_platform: Platform, tmp_path: Path, method: str) -> None:
    """With a body or without; a body may go into a file, which only its owner reads."""
    file = tmp_path / "sealed.json"
    more = ("--data", '{"demo_name":"curl"}', "--body-file", str(file)) if method == "POST" else ()
    answer = curled(sealed_platform, tmp_path, method, DEMOS, "--seal", *more)
    assert answer["return_code"] == 200
    assert isinstance(answer["data"], str)
    if method == "POST":
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"curl" not in file.read_bytes()


LIES: dict[str, dict[str, str]] = {
    "target": {"target": "/api/v1/demos/1"},
    "method": {"method": "PATCH"},
    "timestamp": {"timestamp": "1767225600"},
    "nonce": {"nonce": "n" * 32},
    "credential": {"credential": "ak_other"},
    "x-key-id": {"x-key-id": "A" * 43},
}


def seal_and_send(platform: Platform, *, lie: dict[str, str], cut: int = 0, wrapped: str = "") -> RawAnswer:
    """Seal for one request, sign and send another."""
    credential = platform.first_run.credential
    with platform.client() as client:
        jwk: Any = client.connection.request_public("GET", "/api/v1/keys").data["keys"][0]  # type: ignore[index]
    content_key, now, nonce = sealing.new_content_key(), int(time.time()), new_nonce()
    x_key = wrapped or sealing.wrap(read_jwk(jwk), content_key)
    parts = {
        "timestamp": str(now), "nonce": nonce, "credential": credential.api_key, "method": "POST", "target": DEMOS,
    }  # fmt: skip
    headers = {"content-type": "application/json", "x-key": x_key, "x-key-id": lie.get("x-key-id", jwk["kid"])}
    binding = sealing.request_binding(**{name: lie.get(name, value) for name, value in parts.items()}, headers=headers)
    sealed = sealing.seal_request(content_key, b'{"demo_name":"tampered"}', binding)
    body = json.dumps({"data": sealed[: len(sealed) - cut]}).encode()
    sent = [JSON, ("X-Key", x_key), ("X-Key-Id", headers["x-key-id"])]
    return send(platform.port, signed(credential, "POST", DEMOS, body=body, headers=sent, timestamp=now, nonce=nonce))


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_seal_for_another_request_is_refused(sealed_platform: Platform, lie: dict[str, str]) -> None:
    """Each is signed correctly; only the seal was made for something else."""
    answer = seal_and_send(sealed_platform, lie=lie)
    assert answer.envelope == REFUSED


REFUSED = {"return_code": 400003, "return_msg": "The sealed body cannot be opened.", "data": None}


def test_a_damaged_seal_is_refused(sealed_platform: Platform) -> None:
    """Cut tags and keys of the wrong size get the same answer, byte for byte."""
    assert seal_and_send(sealed_platform, lie={}, cut=4).envelope == REFUSED
    for size in (16, 342, 512, 683):
        assert seal_and_send(sealed_platform, lie={}, wrapped="A" * size).envelope == REFUSED


def test_keys_rotate_under_running_gateways(sealed_platform: Platform) -> None:
    """One command, no restart: clients follow the announcement, and a retired key is refused."""
    settings = sealed_platform.settings_of("gateway-web")

    def keys(*arguments: str) -> list[list[str]]:
        program = Path(sys.executable).with_name("signet-gateway")
        shown = subprocess.run(
            [program, "keys", *arguments], env=settings, capture_output=True, text=True, timeout=60, check=True
        )
        return [line.split() for line in shown.stdout.splitlines()]

    with sealed_platform.client(seal_always=True) as client:
        made = client.demos.create("rotates")
        assert [line[0] for line in keys("rotate")] == ["active", "retiring"]
        assert client.demos.get(made.demo_id).demo_name == "rotates"
        keys("retire", keys("list")[1][1])
        assert client.demos.get(made.demo_id).demo_name == "rotates"
        with pytest.raises(Refused):
            client.demos.get(made.demo_id + 10_000)
        client.demos.delete(made.demo_id)
