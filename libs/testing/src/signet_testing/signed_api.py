"""Signed requests as plain data in and out, and a look at the audit log that waits for what is on its way."""

import hashlib
import json
from typing import Any

from signet import Credential
from signet_testing.doors import Door
from signet_testing.eventually import eventually
from signet_testing.free_ports import LOOPBACK
from signet_testing.raw_http import RawAnswer, RawRequest, send, signed

RECORDS = "/api/v1/audit/records"


class Streamed(bytes):
    """A body that is sent as a stream is: its digest is declared in a header."""


class SignedApi:
    """The platform at a loopback port, or a process of it at its socket, as one caller."""

    def __init__(self, port: Door, credential: Credential) -> None:
        self.port = port
        self.credential = credential

    def as_(self, credential: Credential) -> "SignedApi":
        """The same platform as somebody else."""
        return SignedApi(self.port, credential)

    def prepare(self, method: str, target: str, body: object = None, **headers: str) -> RawRequest:
        """A signed request that has not been sent; `If_Match="…"` becomes the header If-Match."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        extra = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if isinstance(body, Streamed):
            extra += [("Content-Type", "application/octet-stream")]
            extra += [("X-Content-SHA256", hashlib.sha256(body).hexdigest())]
        return signed(self.credential, method, target, body=content, headers=extra)

    def call(
        self, method: str, target: str, body: object = None, *, source: str = LOOPBACK, **headers: str
    ) -> RawAnswer:
        """Send one request, from the address `source`."""
        return send(self.port, self.prepare(method, target, body, **headers), source=source)

    def records(self, *, at_least: int = 1, **filters: object) -> list[dict[str, Any]]:
        """Wait until the audit log has that many records that match; all of them (100 at most), oldest first."""
        query = "&".join(f"{name}={value}" for name, value in {"per_page": 100, **filters}.items())

        def search() -> list[dict[str, Any]]:
            answer = self.call("GET", f"{RECORDS}?{query}")
            assert answer.code == 200, answer.body
            found: list[dict[str, Any]] = answer.envelope["data"]["records"]
            return found if len(found) >= at_least else []

        return eventually(search, what=f"{at_least} audit records with {query}")[::-1]
