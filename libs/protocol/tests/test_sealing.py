"""Sealing: what opens, what does not, and that two implementations agree."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from signet_protocol import base64url, sealing
from signet_protocol.sealing import SealInvalid
from signet_protocol.sealing_keys import thumbprint

HERE = Path(__file__).parent
VECTORS: dict[str, Any] = json.loads((HERE / "sealing-vectors.json").read_text())
KEY_BYTES = b"k" * 32
TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)
PARTS = {
    "timestamp": "1767225600",
    "nonce": "Zm9vYmFyLWJhel9xdXV4",
    "credential": "ak_7Q2mJ0vS4kXn8bTz",
    "method": "POST",
    "target": "/api/v1/demos",
}
HEADERS = {"content-type": "application/json", "x-key": "AAAA", "x-key-id": "BBBB"}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    loaded = load_pem_private_key((HERE / "sealing-test-key.pem").read_bytes(), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


@given(data=st.binary(max_size=300))
def test_base64url_has_one_spelling(data: bytes) -> None:
    """Two spellings of one sealed body would be two requests with one meaning."""
    text = base64url.encode(data)
    assert base64url.decode(text) == data
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text + "=")


@pytest.mark.parametrize("text", ["A", "AB", "AA=", "A A", "A+", "A/", "\u00e9\u00e9", "AAA\n"])
def test_what_is_no_canonical_base64url_is_refused(text: str) -> None:
    """`AB` has stray bits: it would decode to what `AA` decodes to."""
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text)


@given(plaintext=st.binary(max_size=2000), target=TEXT, credential=TEXT)
def test_what_was_sealed_opens_under_the_same_binding_alone(plaintext: bytes, target: str, credential: str) -> None:
    """And in its own direction alone: an answer cannot be sent back as a request."""
    binding = sealing.request_binding(**PARTS | {"target": target, "credential": credential}, headers=HEADERS)
    sealed = sealing.seal_request(KEY_BYTES, plaintext, binding)
    assert sealing.open_request(KEY_BYTES, sealed, binding) == plaintext
    with pytest.raises(SealInvalid):
        sealing.open_answer(KEY_BYTES, sealed, binding)
    with pytest.raises(SealInvalid):
        sealing.open_request(KEY_BYTES, sealed, binding + b"x")
    with pytest.raises(SealInvalid):
        sealing.open_request(b"K" * 32, sealed, binding)


@given(plaintext=st.binary(max_size=50), data=st.data())
def test_no_byte_of_a_sealed_part_can_be_changed_or_cut(plaintext: bytes, data: st.DataObject) -> None:
    """A truncated tag is the classic mistake of GCM."""
    whole = base64url.decode(sealing.seal_answer(KEY_BYTES, plaintext, b"x"))
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    for damaged in (flipped, whole[:place], whole + b"\0"):
        with pytest.raises(SealInvalid):
            sealing.open_answer(KEY_BYTES, base64url.encode(damaged), b"x")


@pytest.mark.parametrize("part", ["timestamp", "nonce", "credential", "method", "target", *HEADERS])
def test_every_signed_part_is_bound(part: str) -> None:
    """A sealed body must not mean something under another method, target, time, nonce, credential or header."""
    changed = PARTS | ({part: PARTS[part] + "1"} if part in PARTS else {})
    headers = HEADERS | ({part: HEADERS[part] + "1"} if part in HEADERS else {})
    assert sealing.request_binding(**changed, headers=headers) != sealing.request_binding(**PARTS, headers=HEADERS)


def test_binding_is_lines_2_to_14_under_a_name_of_its_own() -> None:
    """Word for word, because every implementation writes it anew."""
    assert sealing.request_binding(**PARTS, headers=HEADERS).decode().split("\n") == [
        "SIGNET1-SEAL-REQUEST",
        "1767225600",
        "Zm9vYmFyLWJhel9xdXV4",
        "ak_7Q2mJ0vS4kXn8bTz",
        "POST",
        "/api/v1/demos",
        "content-type:application/json",
        "idempotency-key:",
        "if-match:",
        "if-none-match:",
        "range:",
        "if-range:",
        "x-key:AAAA",
        "x-key-id:BBBB",
    ]
    assert sealing.answer_binding("n", 401011) == b"SIGNET1-SEAL-RESPONSE\nn\n401011"


def test_a_content_key_is_unwrapped_by_its_own_key_alone(key: rsa.RSAPrivateKey) -> None:
    """RSA-OAEP with SHA-256 twice and no label; what differs in any of them is refused."""
    content_key = sealing.new_content_key()
    assert sealing.unwrap(key, sealing.wrap(key.public_key(), content_key)) == content_key

    def encrypted(message: bytes, mgf: Any = SHA256, digest: Any = SHA256, label: bytes | None = None) -> str:
        scheme = padding.OAEP(padding.MGF1(mgf()), digest(), label)
        return base64url.encode(key.public_key().encrypt(message, scheme))

    wrong = [
        encrypted(content_key, mgf=SHA1),
        encrypted(content_key, digest=SHA1),
        encrypted(content_key, label=b"x"),
        encrypted(content_key[:31]),
        encrypted(content_key + b"x"),
        encrypted(b""),
        "",
        "A",
        "AAAA",
        base64url.encode(b"\xff" * 384),
        base64url.encode(b"\xff" * 512),
        sealing.wrap(key.public_key(), content_key)[:-4],
        sealing.wrap(rsa.generate_private_key(65537, 3072).public_key(), content_key),
    ]
    for x_key in wrong:
        with pytest.raises(SealInvalid):
            sealing.unwrap(key, x_key)


def test_nothing_is_sealed_to_a_short_key() -> None:
    """2048 bits are below what the protocol allows."""
    with pytest.raises(ValueError, match="3072"):
        sealing.wrap(rsa.generate_private_key(65537, 2048).public_key(), KEY_BYTES)


def test_vectors_hold(key: rsa.RSAPrivateKey) -> None:
    """The same numbers stand in docs/protocol.md; other implementations are written against them."""
    request, answer = VECTORS["request"], VECTORS["answer"]
    content_key = bytes.fromhex(VECTORS["content_key"])
    assert thumbprint(key.public_key()) == VECTORS["x_key_id"]
    assert sealing.unwrap(key, VECTORS["x_key"]) == content_key
    headers = {**request["headers"], "x-key": VECTORS["x_key"], "x-key-id": VECTORS["x_key_id"]}
    binding = sealing.request_binding(**request["parts"], headers=headers)
    assert sealing.open_request(content_key, request["sealed"], binding).decode() == request["plaintext"]
    sealed_again = AESGCM(bytes.fromhex(VECTORS["request_key"])).encrypt(
        bytes.fromhex(request["nonce12"]), request["plaintext"].encode(), binding
    )
    assert base64url.encode(bytes.fromhex(request["nonce12"]) + sealed_again) == request["sealed"]
    bound = sealing.answer_binding(request["parts"]["nonce"], answer["return_code"])
    assert sealing.open_answer(content_key, answer["sealed"], bound).decode() == answer["plaintext"]
    sealed_again = AESGCM(bytes.fromhex(VECTORS["answer_key"])).encrypt(
        bytes.fromhex(answer["nonce12"]), answer["plaintext"].encode(), bound
    )
    assert base64url.encode(bytes.fromhex(answer["nonce12"]) + sealed_again) == answer["sealed"]
