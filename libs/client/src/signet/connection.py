"""Send requests to one gateway: build, sign the final bytes, send, read, and send again where that is safe."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from signet.answers import Answer, read_answer
from signet.credentials import Credential
from signet.errors import ArgumentInvalid, NotSignedIn, SignetError, SignExpired, Unreachable
from signet.retries import IDEMPOTENT_METHODS, RetryPolicy
from signet.signature import sign
from signet_protocol.headers import WINDOW_SECONDS, new_nonce

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Time:
    """The clock and the pause, so that a test needs neither."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Connection:
    """Connections to one gateway under one credential; as thread-safe as httpx.Client."""

    def __init__(self, http: httpx.Client, credential: Credential | None, policy: RetryPolicy, clock: Time) -> None:
        self._http = http
        self._credential = credential
        self._policy = policy
        self._clock = clock
        self._skew = 0.0

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a signed request and return its answer.

        `query` drops what is None; `body` is sent as JSON unless it is None. An unsafe request gets an
        Idempotency-Key of its own unless `headers` has one, and keeps it however often it is sent; timestamp,
        nonce and signature are new each time.

        Raises SignetError and what is below it.
        """
        if self._credential is None:
            raise NotSignedIn("No credential: sign in first, or give an API key and its secret.")
        sent = httpx.Headers(headers)
        if method not in IDEMPOTENT_METHODS:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        return self._send(self._build(method, path, query, body, sent), repeatable=True)

    def request_public(self, method: str, path: str, *, body: object = None) -> Answer:
        """Send a request of a public operation: with timestamp and nonce, but nothing to sign with."""
        request = self._build(method, path, None, body, httpx.Headers())
        return self._send(request, repeatable=method in IDEMPOTENT_METHODS)

    def _build(
        self, method: str, path: str, query: Mapping[str, object] | None, body: object, headers: httpx.Headers
    ) -> httpx.Request:
        known = {name: str(value) for name, value in (query or {}).items() if value is not None}
        content = b""
        try:
            if body is not None:
                content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
                headers.setdefault("Content-Type", "application/json")
            return self._http.build_request(method, path, params=known or None, content=content, headers=headers)
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            raise ArgumentInvalid(f"The request cannot be written: {error}") from error

    def _send(self, request: httpx.Request, *, repeatable: bool) -> Answer:
        sent = 0
        corrected = False
        while True:
            sent += 1
            try:
                return self._send_once(request)
            except SignetError as error:
                if isinstance(error, SignExpired) and not corrected and error.server_time is not None:
                    self._skew = error.server_time - self._clock.now()
                    if abs(self._skew) < WINDOW_SECONDS:
                        self._clock.sleep(1)  # The clocks agree: the platform has forgotten its nonces up to now.
                    corrected = True
                    continue
                wait = self._policy.wait(error, sent=sent, repeatable=repeatable)
                if wait is None:
                    raise
                self._clock.sleep(wait)

    def _send_once(self, request: httpx.Request) -> Answer:
        self._prove(request)
        try:
            response = self._http.send(request)
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(
                f"{request.url.copy_with(path='/', query=None)} does not answer: {reason}",
                applied=not isinstance(error, _NOT_SENT),
            ) from error
        return read_answer(response)

    def _prove(self, request: httpx.Request) -> None:
        """Set timestamp, nonce and signature over the bytes that httpx is about to send."""
        timestamp, nonce = int(self._clock.now() + self._skew), new_nonce()
        if self._credential is None:
            request.headers.update({"X-Timestamp": str(timestamp), "X-Nonce": nonce})
            return
        signature = sign(
            self._credential,
            method=request.method,
            target=request.url.raw_path.decode("ascii"),
            headers=request.headers.multi_items(),
            body=request.content,
            timestamp=timestamp,
            nonce=nonce,
        )
        request.headers.update(dict(signature.headers))
