"""Other services over HTTP: `POST /internal/jobs/<job>`, with a passport of the scheduler's own for this very request.

Workers are plain threads, so this is the standard library's client: one connection for each request, to a unix socket
of this machine or over TCP. Nothing is sent twice here; a run that fails is attempted again as a whole.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode, urlsplit

from signet_common.observability.context import TRACEPARENT
from signet_common.passport import Passport, PassportIssuer
from signet_protocol.signing import EMPTY_BODY_SHA256
from signet_scheduler.application.jobs import NotRetryable
from signet_scheduler.application.services import ServiceUnavailable

TIMEOUT_SECONDS = 75.0
"""For all of a request: ten seconds of work, and as long again as a busy or restarting service may need."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_MESSAGE = 300
_METHOD = "POST"
_UNIX = "unix:"
_TOO_MANY_REQUESTS = 429


class HttpServices:
    """Implements `Services`. `addresses` are by name, `host:port` or `unix:/path`."""

    def __init__(
        self,
        addresses: Mapping[str, str],
        issuer: PassportIssuer,
        *,
        timeout: float = TIMEOUT_SECONDS,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._addresses = addresses
        self._issuer = issuer
        self._timeout = timeout
        self._timer = timer

    def ask(self, service: str, job: str, run_id: int, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Ask once; see the port."""
        target = f"/internal/jobs/{job}" + (f"?{urlencode(query)}" if query else "")
        headers = self._headers(service, target, run_id)
        address = self._addresses.get(service)
        if address is None:
            raise NotRetryable(f"SCHEDULER_UPSTREAMS names no {service}")
        try:
            status, body = self._exchange(address, target, headers)
        except (OSError, HTTPException) as lost:
            raise ServiceUnavailable(f"{service} does not answer: {type(lost).__name__}") from lost
        return _data(service, status, body)

    def _headers(self, service: str, target: str, run_id: int) -> dict[str, str]:
        request_id = token_hex(16)
        passport = Passport(
            issuer=self._issuer.issuer,
            audience=service,
            request_id=request_id,
            method=_METHOD,
            target=target,
            body_sha256=EMPTY_BODY_SHA256,
            user_name=self._issuer.issuer,
            authentication="service",
        )
        try:
            token = self._issuer.issue(passport)
        except KeyError:
            raise NotRetryable(f"SCHEDULER_PASSPORT_ISSUES has no key for {service}") from None
        headers = {"X-Passport": token, "X-Request-Id": request_id, "Idempotency-Key": f"run-{run_id}"}
        traceparent = TRACEPARENT.get()
        return {**headers, "traceparent": traceparent} if traceparent else headers

    def _exchange(self, address: str, target: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        end = self._timer() + self._timeout
        connection = _connection(address, self._timeout)
        try:
            connection.request(_METHOD, target, headers={**headers, "Content-Length": "0", "Connection": "close"})
            # The answer takes the socket over from its connection, which says Connection: close.
            transport = connection.sock
            answer = connection.getresponse()
            return answer.status, self._body(answer, transport, end)
        finally:
            connection.close()

    def _body(self, answer: HTTPResponse, transport: socket.socket, end: float) -> bytes:
        """The whole body. Raises TimeoutError also where it comes, but too slowly, HTTPException where it is cut."""
        body = b""
        while True:
            left = end - self._timer()
            if left <= 0:
                raise TimeoutError
            transport.settimeout(left)
            piece = answer.read1(65_536)
            if not piece:
                break
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise HTTPException("the answer is too long")
        announced = answer.getheader("Content-Length")
        if announced is not None and announced != str(len(body)):
            raise HTTPException("the answer was cut")
        return body


class _UnixConnection(HTTPConnection):
    """HTTP through a unix socket of this machine."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect, which Linux does at once or not at all."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(address: str, timeout: float) -> HTTPConnection:
    if address.startswith(_UNIX):
        return _UnixConnection(address.removeprefix(_UNIX), timeout)
    parts = urlsplit(f"//{address}")
    return HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)


def _data(service: str, status: int, body: bytes) -> Mapping[str, Any]:
    """The data of an envelope that says success; otherwise whether it is worth another attempt."""
    try:
        envelope = json.loads(body)
        code, message, data = envelope["return_code"], str(envelope["return_msg"])[:MAX_MESSAGE], envelope["data"]
    except (ValueError, KeyError, TypeError):
        raise ServiceUnavailable(f"{service} answered {status}, and not by an envelope") from None
    if 400 <= status < 500 and status != _TOO_MANY_REQUESTS:
        raise NotRetryable(f"{service} refuses, {code}: {message}")
    if status != 200 or code != 200:
        raise ServiceUnavailable(f"{service} answered {code}: {message}")
    if not isinstance(data, dict):
        raise ServiceUnavailable(f"{service} answered without data")
    return data
