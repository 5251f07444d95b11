"""Send requests to one gateway: build, sign the final bytes, send, read, and send again where that is safe."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from signet.answers import Answer, read_answer
from signet.credentials import Credential
from signet.errors import ArgumentInvalid, NotFound, NotSignedIn, Refused, SignetError, SignExpired, Unreachable
from signet.retries import IDEMPOTENT_METHODS, RetryPolicy
from signet.sealing import KEYS, MemoryPins, Pins, Sealer
from signet.signature import sign
from signet_protocol.headers import WINDOW_SECONDS, new_nonce
from signet_protocol.return_codes import ReturnCode

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Time:
    """The clock and the pause, so that a test needs neither."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Connection:
    """Connections to one gateway under one credential; as thread-safe as httpx.Client."""

    def __init__(
        self,
        http: httpx.Client,
        credential: Credential | None,
        policy: RetryPolicy,
        clock: Time,
        *,
        pins: Pins | None = None,
        seal_always: bool = False,
    ) -> None:
        self._http = http
        self._credential = credential
        self._policy = policy
        self._clock = clock
        self._skew = 0.0
        self._sealer = Sealer(self._fetch_keys, pins or MemoryPins(), always=seal_always)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        secret: bool = False,
    ) -> Answer:
        """Send a signed request and return its answer.

        `query` drops what is None; `body` is sent as JSON unless it is None. An unsafe request gets an
        Idempotency-Key of its own unless `headers` has one, and keeps it however often it is sent; timestamp,
        nonce and signature are new each time. A `secret`, in the body or in the answer, is sealed wherever the
        gateway has a key; anything else when the gateway demands it.

        Raises SignetError and what is below it.
        """
        if self._credential is None:
            raise NotSignedIn("No credential: sign in first, or give an API key and its secret.")
        sent = httpx.Headers(headers)
        if method not in IDEMPOTENT_METHODS:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        request = self._build(method, path, query, body, sent)
        return self._send(request, self._credential, repeatable=True, secret=secret)

    def request_public(self, method: str, path: str, *, body: object = None, secret: bool = False) -> Answer:
        """Send a request of a public operation: with timestamp and nonce, unsigned even if there is a credential."""
        request = self._build(method, path, None, body, httpx.Headers())
        return self._send(request, None, repeatable=method in IDEMPOTENT_METHODS, secret=secret)

    def _fetch_keys(self) -> object:
        """Ask for the sealing keys, open and unsigned; None from a gateway that knows no such path."""
        request = self._build("GET", KEYS, None, None, httpx.Headers())
        try:
            return read_answer(self._exchange(request)).data
        except NotFound:
            return None
        except Unreachable as error:
            raise Unreachable(str(error), applied=False) from error  # what was to be sealed has not been sent

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

    def _send(self, request: httpx.Request, credential: Credential | None, *, repeatable: bool, secret: bool) -> Answer:
        sent = 0
        corrected = False
        sealed = renewed = False
        while True:
            sent += 1
            try:
                sealed = sealed or self._sealer.wanted(request, secret=secret)
                return self._send_once(request, credential, sealed=sealed)
            except SignetError as error:
                code = error.code if isinstance(error, Refused) else 0
                if (code == ReturnCode.SEAL_REQUIRED and not sealed) or (
                    code == ReturnCode.SEAL_INVALID and sealed and not renewed
                ):
                    # Nothing was applied. The key may have been retired meanwhile, so it is asked for once more.
                    renewed = sealed
                    sealed = True
                    self._sealer.demand(request)
                    self._sealer.forget()
                    continue
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

    def _send_once(self, request: httpx.Request, credential: Credential | None, *, sealed: bool) -> Answer:
        timestamp, nonce = int(self._clock.now() + self._skew), new_nonce()
        if not sealed:
            _prove(request, credential, timestamp, nonce)
            return read_answer(self._exchange(request))
        exchange = self._sealer.begin(nonce)
        identifier = "" if credential is None else credential.identifier
        closed = exchange.close(request, timestamp=timestamp, credential=identifier)
        _prove(closed, credential, timestamp, nonce)
        return read_answer(self._exchange(closed), exchange.open)

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(
                f"{request.url.copy_with(path='/', query=None)} does not answer: {reason}",
                applied=not isinstance(error, _NOT_SENT),
            ) from error


def _prove(request: httpx.Request, credential: Credential | None, timestamp: int, nonce: str) -> None:
    """Set timestamp, nonce and signature over the bytes that httpx is about to send."""
    if credential is None:
        request.headers.update({"X-Timestamp": str(timestamp), "X-Nonce": nonce})
        return
    signature = sign(
        credential,
        method=request.method,
        target=request.url.raw_path.decode("ascii"),
        headers=request.headers.multi_items(),
        body=request.content,
        timestamp=timestamp,
        nonce=nonce,
    )
    request.headers.update(dict(signature.headers))
