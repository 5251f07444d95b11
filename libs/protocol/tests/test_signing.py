"""The signature agrees with the published vectors, and depends on everything that a request means."""

import hashlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signet_protocol import signing

API_KEY_SECRET = "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE"
SESSION_SECRET = "c2lnbmV0LXRlc3Qtc2Vzc2lvbi1zZWNyZXQtMDAwMDI"


@dataclass(frozen=True)
class Vector:
    name: str
    secret: str
    day: str
    key: str
    signature: str
    text: str
    timestamp: str
    nonce: str
    credential: str
    method: str
    target: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def string_to_sign(self) -> str:
        return signing.string_to_sign(
            timestamp=self.timestamp,
            nonce=self.nonce,
            credential=self.credential,
            method=self.method,
            target=self.target,
            headers=self.headers,
            body_sha256=signing.body_digest(self.body),
        )


VECTORS = [
    Vector(
        name="get without a body",
        secret=API_KEY_SECRET,
        day="20251231",
        key="77caf48902835e0919746e2688cff4b5d8acc767a9e32abd549c5b2d5de7ae6c",
        signature="8d8ea4da1fad31d2791f35da5aa5b4f30bd294535640ecddc446145fe8a7507d",
        text="SIGNET1-HMAC-SHA256\n1767225599\n0123456789abcdef\nak_7Q2mJ0vS4kXn8bTz\nGET\n"
        "/api/v1/demos?demo_name=a%2Fb&page=1&per_page=20\ncontent-type:\nidempotency-key:\nif-match:\n"
        "if-none-match:\nrange:\nif-range:\nx-key:\nx-key-id:\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        timestamp="1767225599",
        nonce="0123456789abcdef",
        credential="ak_7Q2mJ0vS4kXn8bTz",
        method="GET",
        target="/api/v1/demos?demo_name=a%2Fb&page=1&per_page=20",
    ),
    Vector(
        name="post with multi-byte text",
        secret=API_KEY_SECRET,
        day="20260101",
        key="a7a95529057c67298e683398c35bdc2a598d137350926e5e73de362a2b42b320",
        signature="16edf22a52f9a9a5050123b37ba520ff7fb81e4e7f6063680d50c6eb74466501",
        text="SIGNET1-HMAC-SHA256\n1767225600\nZm9vYmFyLWJhel9xdXV4\nak_7Q2mJ0vS4kXn8bTz\nPOST\n/api/v1/demos\n"
        "content-type:application/json\nidempotency-key:order-2026-0001\nif-match:\nif-none-match:\nrange:\n"
        "if-range:\nx-key:\nx-key-id:\n86d8831f287f06a863d2f1a3f634a4299b93592ccc1070966ba77b042ad5fe2f",
        timestamp="1767225600",
        nonce="Zm9vYmFyLWJhel9xdXV4",
        credential="ak_7Q2mJ0vS4kXn8bTz",
        method="POST",
        target="/api/v1/demos",
        body='{"demo_name":"数据🙂"}'.encode(),
        headers={"content-type": "application/json", "idempotency-key": "order-2026-0001"},
    ),
    Vector(
        name="stream under a session",
        secret=SESSION_SECRET,
        day="20260101",
        key="af7e96f443527743d300bc69bb101f4601127a5e0b501d1f83fdbbea5441aac8",
        signature="4b24238ad66cdb86d95214953825273bed78c09f5b02b29d43727199147c0ecf",
        text="SIGNET1-HMAC-SHA256\n1767225600\nc3RyZWFtLTAwMDAwMDE\nst_9fQ1x5yWc3Rk7LbE\nPOST\n"
        "/api/v1/files?file_name=r%C3%A9sum%C3%A9.pdf\ncontent-type:application/pdf\nidempotency-key:\nif-match:\n"
        "if-none-match:\nrange:\nif-range:\nx-key:\nx-key-id:\n"
        "3266304f31be278d06c3bd3eb9aa3e00c59bedec0a890de466568b0b90b0e01f",
        timestamp="1767225600",
        nonce="c3RyZWFtLTAwMDAwMDE",
        credential="st_9fQ1x5yWc3Rk7LbE",
        method="POST",
        target="/api/v1/files?file_name=r%C3%A9sum%C3%A9.pdf",
        body=bytes(65537),
        headers={"content-type": "application/pdf"},
    ),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_published_vectors_are_reproduced(vector: Vector) -> None:
    """Any other implementation is held to these values, so ours is too."""
    assert signing.utc_day(int(vector.timestamp)) == vector.day
    key = signing.signing_key(vector.secret, vector.day)
    assert key.hex() == vector.key
    text = vector.string_to_sign()
    assert text == vector.text
    assert signing.sign(key, text) == vector.signature
    assert signing.signature_matches(key, text, vector.signature)


def test_signed_headers_stand_in_their_order_between_target_and_digest() -> None:
    """The lines are written out for speed; they must stay what SIGNED_HEADERS announces."""
    values = {name: f"value of {name}" for name in signing.SIGNED_HEADERS}
    lines = signing.string_to_sign(
        timestamp="1767225600",
        nonce="0123456789abcdef",
        credential="ak_x",
        method="GET",
        target="/",
        headers=values,
        body_sha256=signing.EMPTY_BODY_SHA256,
    ).split("\n")
    assert len(lines) == 15
    assert lines[6:14] == [f"{name}:{values[name]}" for name in signing.SIGNED_HEADERS]


CHANGES: list[dict[str, object]] = [
    {"timestamp": "1767225601"},
    {"nonce": "0123456789abcdeg"},
    {"credential": "ak_other"},
    {"method": "PATCH"},
    {"target": "/api/v1/demos?"},
    {"body_sha256": hashlib.sha256(b"other").hexdigest()},
]
HEADER_CHANGES: list[dict[str, object]] = [{"headers": {name: "x"}} for name in signing.SIGNED_HEADERS]


@pytest.mark.parametrize("change", CHANGES + HEADER_CHANGES, ids=lambda change: str(next(iter(change.values()))))
def test_signature_breaks_when_any_signed_part_changes(change: dict[str, object]) -> None:
    """Signed = checked: an intermediary that alters one part is caught."""
    parts: dict[str, object] = {
        "timestamp": "1767225600",
        "nonce": "0123456789abcdef",
        "credential": "ak_x",
        "method": "POST",
        "target": "/api/v1/demos",
        "headers": {},
        "body_sha256": signing.EMPTY_BODY_SHA256,
    }
    key = signing.signing_key(API_KEY_SECRET, "20260101")
    signature = signing.sign(key, signing.string_to_sign(**parts))  # type: ignore[arg-type]
    altered = signing.string_to_sign(**(parts | change))  # type: ignore[arg-type]
    assert not signing.signature_matches(key, altered, signature)


@given(presented=st.text())
def test_any_presented_text_is_answered_without_an_error(presented: str) -> None:
    """The presented signature is the client's: garbage of any alphabet is refused, never a crash."""
    assert not signing.signature_matches(b"k" * 32, "text", presented)


def test_upper_case_signature_is_refused() -> None:
    """One signature, one spelling."""
    signature = signing.sign(b"k" * 32, "text")
    assert not signing.signature_matches(b"k" * 32, "text", signature.upper())


@given(body=st.binary())
def test_digest_is_the_sha256_of_the_body(body: bytes) -> None:
    """The empty body takes a short cut; it must not show."""
    assert signing.body_digest(body) == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("timestamp", "day"),
    [(1767225599, "20251231"), (1767225600, "20260101"), (1709164800, "20240229"), (9999999999, "22861120")],
)
def test_day_is_the_utc_date_of_the_timestamp(timestamp: int, day: str) -> None:
    """Keys change at UTC midnight, wherever the client lives."""
    assert signing.utc_day(timestamp) == day
