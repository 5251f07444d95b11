"""Sign-ins, sealed beforehand: sealing is the client's work, not measured."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
from tests.bench.signed_requests import HOST

from signet.sealing import SealedExchange
from signet.wire import prove
from signet_protocol.headers import new_nonce
from signet_protocol.sealing_keys import read_jwk
from signet_testing.platform import Platform

_PATH = "/api/v1/sessions"


def sign_ins(platform: Platform, count: int) -> Iterator[bytes]:
    """Each starts a session of the first administrator, with the right password."""
    with platform.client() as client:
        shown: Any = client.connection.request_public("GET", "/api/v1/keys").data
    jwk = shown["keys"][0]
    first_run, timestamp = platform.first_run, int(time.time())
    body = json.dumps({"login": first_run.user_name, "password": first_run.password}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    for _ in range(count):
        request = httpx.Request("POST", f"http://{HOST}{_PATH}", headers=headers, content=body)
        exchange = SealedExchange(jwk["kid"], read_jwk(jwk), new_nonce())
        request = exchange.close(request, timestamp=timestamp, credential="")
        prove(request, None, timestamp=timestamp, nonce=exchange.nonce, body_sha256="")
        yield _wire(request)


def _wire(request: httpx.Request) -> bytes:
    lines = [f"{request.method} {_PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    return "\r\n".join((*lines, "", "")).encode("ascii") + request.content
