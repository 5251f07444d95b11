"""Send requests to one gateway: build, sign the final bytes, send, read, and send again where that is safe."""

import json
import uuid
from collections.abc import Mapping

import httpx

from signet.answers import Answer, read_answer
from signet.attempts import Attempts, Time
from signet.credentials import Credential
from signet.errors import AnswerInvalid, ArgumentInvalid, NotFound, NotSignedIn, Refused, Unreachable
from signet.retries import SAFE_METHODS, RetryPolicy
from signet.sealing import KEYS, MemoryPins, Pins, Sealer
from signet.streams import Streams
from signet.wire import exchange, prove
from signet_protocol.headers import new_nonce
from signet_protocol.return_codes import ReturnCode
from signet_protocol.signing import body_digest


class Connection:
    """Connections to one gateway under one credential; as thread-safe as httpx.Client.

    `streams` moves files of any size; `sealer` knows the gateway's key.
    """

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
        self._attempts = Attempts(policy, clock)
        self.streams = Streams(http, credential, self._attempts)
        self.sealer = Sealer(self._fetch_keys, pins or MemoryPins(), always=seal_always)

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
        if method not in SAFE_METHODS:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        request = self._build(method, path, query, body, sent)
        return self._send(request, self._credential, repeatable=True, secret=secret)

    def request_public(self, method: str, path: str, *, body: object = None, secret: bool = False) -> Answer:
        """Send a request of a public operation: with timestamp and nonce, unsigned even if there is a credential."""
        request = self._build(method, path, None, body, httpx.Headers())
        return self._send(request, None, repeatable=method in SAFE_METHODS, secret=secret)

    def pause(self, seconds: float) -> None:
        """Wait before asking again what has become of something."""
        self._attempts.pause(seconds)

    def contract(self) -> object:
        """The OpenAPI document of all operations, as the gateway shows it. Raises Unreachable, AnswerInvalid."""
        response = exchange(self._http, self._build("GET", "/openapi.json", None, None, httpx.Headers()))
        try:
            document: object = response.json() if response.is_success else None
        except ValueError:
            document = None
        if document is None:
            raise AnswerInvalid("The gateway shows no contract.", http_status=response.status_code)
        return document

    def _fetch_keys(self) -> object:
        """Ask for the sealing keys, open and unsigned; None from a gateway that knows no such path."""
        request = self._build("GET", KEYS, None, None, httpx.Headers())
        try:
            return read_answer(exchange(self._http, request)).data
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
        except UnicodeEncodeError:
            # Not chained: that error quotes what it could not encode, which may be a password.
            raise ArgumentInvalid("The request holds text that is not UTF-8.") from None
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            raise ArgumentInvalid(f"The request cannot be written: {error}") from error

    def _send(self, request: httpx.Request, credential: Credential | None, *, repeatable: bool, secret: bool) -> Answer:
        sealed = renewed = False

        def attempt() -> Answer:
            nonlocal sealed
            sealed = sealed or self.sealer.wanted(request, secret=secret)
            return self._send_once(request, credential, sealed=sealed)

        def recover(error: Refused) -> bool:
            """Nothing was applied. The key may have been retired meanwhile, so it is asked for once more."""
            nonlocal sealed, renewed
            demanded = error.code == ReturnCode.SEAL_REQUIRED and not sealed
            retired = error.code == ReturnCode.SEAL_INVALID and sealed and not renewed
            if not (demanded or retired):
                return False
            renewed, sealed = sealed, True
            self.sealer.demand(request)
            self.sealer.forget()
            return True

        return self._attempts.make(attempt, repeatable=repeatable, recover=recover)

    def _send_once(self, request: httpx.Request, credential: Credential | None, *, sealed: bool) -> Answer:
        timestamp, nonce = self._attempts.timestamp(), new_nonce()
        opened = None
        if sealed:
            sealing = self.sealer.begin(nonce)
            identifier = "" if credential is None else credential.identifier
            request = sealing.close(request, timestamp=timestamp, credential=identifier)
            opened = sealing.open
        prove(request, credential, timestamp=timestamp, nonce=nonce, body_sha256=body_digest(request.content))
        return read_answer(exchange(self._http, request), opened)
