"""The requests of the load, signed just before they are sent: a timestamp is good for 300 seconds, a nonce once."""

import json
import random
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from signet import ApiKeyCredential
from signet_protocol.signing import body_digest, sign, signing_key, string_to_sign, utc_day

HOST = "bench.invalid"
DEMOS = "/api/v1/demos"
STORED = 10_000
PER_PAGE = 20
FIRST_PAGES = 10


@dataclass(frozen=True, slots=True)
class Signing:
    """Signs requests of one API key, all with the same second."""

    credential: ApiKeyCredential
    timestamp: int
    key: bytes

    @classmethod
    def now(cls, credential: ApiKeyCredential) -> "Signing":
        timestamp = int(time.time())
        return cls(credential, timestamp, signing_key(credential.secret, utc_day(timestamp)))

    def request(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        content_sha256: str = "",
        length: int | None = None,
    ) -> bytes:
        """One HTTP/1.1 request; with `content_sha256` an upload, whose `length` bytes may follow by themselves."""
        nonce = secrets.token_urlsafe(18)
        told = dict(headers or {})
        if content_sha256:
            told["Content-Type"] = "application/octet-stream"
        elif body:
            told["Content-Type"] = "application/json"
        text = string_to_sign(
            timestamp=str(self.timestamp),
            nonce=nonce,
            credential=self.credential.api_key,
            method=method,
            target=target,
            headers={name.lower(): value for name, value in told.items()},
            body_sha256=content_sha256 or body_digest(body),
        )
        lines = [
            f"{method} {target} HTTP/1.1",
            f"Host: {HOST}",
            "Accept: application/json",
            f"X-Api-Key: {self.credential.api_key}",
            f"X-Timestamp: {self.timestamp}",
            f"X-Nonce: {nonce}",
            f"X-Sign: {sign(self.key, text)}",
        ]
        lines += [f"{name}: {value}" for name, value in told.items()]
        lines += [f"X-Content-SHA256: {content_sha256}"] if content_sha256 else []
        if body or length is not None:
            lines.append(f"Content-Length: {len(body) if length is None else length}")
        return "\r\n".join((*lines, "", "")).encode("ascii") + body


def creates(signing: Signing, count: int) -> Iterator[bytes]:
    """Each with a name that nobody has used: 12 characters of base64url."""
    for _ in range(count):
        yield signing.request("POST", DEMOS, json.dumps({"demo_name": secrets.token_urlsafe(9)}).encode())


def gets(signing: Signing, count: int) -> Iterator[bytes]:
    """Any of the stored demos."""
    for _ in range(count):
        yield signing.request("GET", f"{DEMOS}/{random.randint(1, STORED)}")


def lists(signing: Signing, count: int) -> Iterator[bytes]:
    """One of the first pages of twenty, as people leaf through a list; a page costs more the deeper it lies."""
    for _ in range(count):
        page = random.randint(1, FIRST_PAGES)
        yield signing.request("GET", f"{DEMOS}?page={page}&per_page={PER_PAGE}")


def hellos(count: int) -> Iterator[bytes]:
    """What the bare application gets."""
    request = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    for _ in range(count):
        yield request
