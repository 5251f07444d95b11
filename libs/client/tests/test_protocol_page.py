"""What docs/protocol.md tells implementers is true: its script runs, its vectors hold, its list of codes is whole."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from signet_protocol import sealing, signing
from signet_protocol.return_codes import ReturnCode
from signet_protocol.sealing_keys import public_jwk

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
API_KEY = "ak_7Q2mJ0vS4kXn8bTz"
SECRET = "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE"


def test_vectors_on_the_page_hold() -> None:
    """A misprint would cost every implementer an evening."""
    section = PAGE[PAGE.index("## 10.") : PAGE.index("## 11.")]
    found = re.findall(r"```\n(SIGNET1\S+)\n```.*?`(\w{64})`.*?`(\w{64})`", section, re.DOTALL)
    secrets = [SECRET, SECRET, "c2lnbmV0LXRlc3Qtc2Vzc2lvbi1zZWNyZXQtMDAwMDI"]
    assert len(found) == len(secrets)
    for secret, (escaped, key_hex, x_sign) in zip(secrets, found, strict=True):
        assert secret in section
        text = escaped.replace("\\n", "\n")
        key = signing.signing_key(secret, signing.utc_day(int(text.split("\n")[1])))
        assert key.hex() == key_hex
        assert signing.sign(key, text) == x_sign


def test_every_return_code_is_on_the_page_under_its_name() -> None:
    """And no other."""
    rows = re.findall(r"^\| (\d{3,6}) \| (\w+) \|", PAGE, re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(code.value, code.title) for code in ReturnCode]


def test_the_python_on_the_page_seals_what_the_gateway_opens() -> None:
    """Word for word as it stands there, with no line of ours."""
    [block] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    page: dict[str, Any] = {}
    exec(block, page)
    key = rsa.generate_private_key(65537, 3072)
    content_key = b"k" * 32
    x_key = page["wrap"](public_jwk(key.public_key()), content_key)
    assert sealing.unwrap(key, x_key) == content_key
    parts = {"timestamp": "1767225600", "nonce": "n" * 16, "credential": API_KEY, "method": "POST", "target": "/a"}
    binding = sealing.request_binding(**parts, headers={"content-type": "application/json", "x-key": x_key})
    body = json.loads(page["seal"](content_key, binding.decode().split("\n")[1:], b"{}"))
    assert sealing.open_request(content_key, body["data"], binding) == b"{}"
    sealed = sealing.seal_answer(content_key, b"[1]", sealing.answer_binding("n" * 16, 200))
    assert page["open_answer"](content_key, "n" * 16, {"return_code": 200, "data": sealed}) == [1]


def test_the_sealed_vector_stands_on_the_page() -> None:
    """The numbers that the protocol's own tests prove, digit by digit."""
    vectors = json.loads((Path(__file__).parents[2] / "protocol" / "tests" / "sealing-vectors.json").read_text())
    names = ("content_key", "x_key", "x_key_id", "request_key", "answer_key")
    wanted = [vectors[name] for name in names] + [vectors[part]["sealed"] for part in ("request", "answer")]
    assert [text for text in wanted if f"`{text}`" not in PAGE] == []


def run_script(folder: Path, url: str, *arguments: str, **environment: str) -> str:
    [script] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    path = folder / "signet-curl.sh"
    path.write_text(script, encoding="utf-8")
    variables = {"SIGNET_URL": url, "SIGNET_API_KEY": API_KEY, "SIGNET_SECRET": SECRET, **environment}
    run = subprocess.run(
        ["sh", str(path), *arguments],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return run.stdout


@pytest.mark.usefixtures("shell_tools")
def test_script_reproduces_the_get_vector(tmp_path: Path, gateway: Any, gateway_url: str) -> None:
    """curl and openssl alone, no line of ours."""
    target = "/api/v1/demos?demo_name=a%2Fb&page=1&per_page=20"
    run_script(tmp_path, gateway_url, "GET", target, TIMESTAMP="1767225599", NONCE="0123456789abcdef")
    [received] = gateway.received
    assert received.target == target
    assert received.headers["x-sign"] == "8d8ea4da1fad31d2791f35da5aa5b4f30bd294535640ecddc446145fe8a7507d"


@pytest.mark.usefixtures("shell_tools")
def test_script_reproduces_the_post_vector(tmp_path: Path, gateway: Any, gateway_url: str) -> None:
    """With a body of multi-byte text and an Idempotency-Key."""
    run_script(
        tmp_path,
        gateway_url,
        "POST",
        "/api/v1/demos",
        '{"demo_name":"数据🙂"}',
        TIMESTAMP="1767225600",
        NONCE="Zm9vYmFyLWJhel9xdXV4",
        IDEMPOTENCY_KEY="order-2026-0001",
    )
    [received] = gateway.received
    assert received.headers["x-sign"] == "16edf22a52f9a9a5050123b37ba520ff7fb81e4e7f6063680d50c6eb74466501"


@pytest.mark.usefixtures("shell_tools")
@pytest.mark.parametrize(
    "arguments",
    [("GET", "/api/v1/demos?per_page=5"), ("POST", "/api/v1/demos", '{"demo_name":"it\'s $1 %s\\n"}')],
)
def test_script_signs_with_the_time_of_the_day(
    tmp_path: Path, gateway: Any, gateway_url: str, arguments: tuple[str, ...]
) -> None:
    """The fake gateway proves the signature over what curl really sent."""
    gateway.reply({"demo_id": 7})
    answer = json.loads(run_script(tmp_path, gateway_url, *arguments))
    assert answer["return_code"] == 200
