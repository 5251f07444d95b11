"""Seal requests to the gateway's key, and open what it answers.

Whose key it is, is a matter of pins: thumbprints that were believed before, from first use or from a file that the
platform's owner handed over. A key that no chain of announcements leads to from a pin is not sealed to, and a gateway
that suddenly shows no key is not sent a secret in the clear: either may be somebody in between.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from signet.errors import AnswerInvalid, KeyNotTrusted
from signet_protocol.errors import ProtocolError
from signet_protocol.return_codes import ReturnCode
from signet_protocol.sealing import (
    SealInvalid,
    answer_binding,
    new_content_key,
    open_answer,
    request_binding,
    seal_request,
    wrap,
)
from signet_protocol.sealing_keys import read_jwk, trusted
from signet_protocol.signing import SIGNED_HEADERS

KEYS = "/api/v1/keys"
_ID = re.compile(r"(?<=/)[0-9]+(?=/|$)")


class Pins(Protocol):
    """The thumbprints that are believed for one gateway."""

    def load(self) -> set[str]:
        """Return them, none before the first use."""

    def save(self, thumbprints: set[str]) -> None:
        """Keep these from now on."""


class MemoryPins:
    """Pins for the life of a client."""

    def __init__(self, thumbprints: Iterable[str] = ()) -> None:
        self._thumbprints = set(thumbprints)

    def load(self) -> set[str]:
        """See Pins."""
        return set(self._thumbprints)

    def save(self, thumbprints: set[str]) -> None:
        """See Pins."""
        self._thumbprints = set(thumbprints)


@dataclass(frozen=True, slots=True)
class SealedExchange:
    """One request and its answer under one content key, which is used for nothing else."""

    key_id: str
    key: RSAPublicKey = field(repr=False)
    nonce: str
    content_key: bytes = field(repr=False, default_factory=new_content_key)

    def close(self, request: httpx.Request, *, timestamp: int, credential: str) -> httpx.Request:
        """Return the request with its body sealed and the key's headers set; without a body there is only a key."""
        headers, content = self.cover(
            method=request.method,
            target=request.url.raw_path.decode("ascii"),
            headers=request.headers,
            body=request.content,
            timestamp=timestamp,
            credential=credential,
        )
        headers.pop("Content-Length", None)
        return httpx.Request(request.method, request.url, headers=headers, content=content)

    def cover(
        self, *, method: str, target: str, headers: httpx.Headers, body: bytes, timestamp: int, credential: str
    ) -> tuple[httpx.Headers, bytes]:
        """Return headers and body as they are sent, for a request whose parts are given as they stand on the wire."""
        covered = httpx.Headers(headers)
        covered.update({"X-Key": wrap(self.key, self.content_key), "X-Key-Id": self.key_id})
        if not body:
            return covered, b""
        binding = request_binding(
            timestamp=str(timestamp),
            nonce=self.nonce,
            credential=credential,
            method=method,
            target=target,
            headers={name: covered[name] for name in SIGNED_HEADERS if name in covered},
        )
        return covered, json.dumps({"data": seal_request(self.content_key, body, binding)}).encode("ascii")

    def open(self, code: int, data: object) -> object:
        """Return what an answer says. Raises AnswerInvalid for a success that is not sealed, and for a foreign seal.

        A refusal may come before the gateway has opened anything, so it may be open; it is believed as any other.
        """
        if not isinstance(data, str):
            if code == ReturnCode.SUCCESS:
                raise AnswerInvalid("The answer to a sealed request is not sealed: it may not be the gateway's.")
            return data
        try:
            return json.loads(open_answer(self.content_key, data, answer_binding(self.nonce, code)))
        except (SealInvalid, ValueError):
            raise AnswerInvalid("The answer is sealed, but not for this request.") from None


class Sealer:
    """Finds the key to seal to.

    `fetch` asks the gateway for its keys: the `data` of the answer, None where it has no such path. It is asked once,
    and again when the key has become stale.
    """

    def __init__(self, fetch: Callable[[], object], pins: Pins, *, always: bool) -> None:
        self._fetch = fetch
        self._pins = pins
        self._always = always
        self._demanded: set[tuple[str, str]] = set()
        self._found: tuple[str, RSAPublicKey] | None = None
        self._asked = False

    def wanted(self, request: httpx.Request, *, secret: bool) -> bool:
        """Whether to seal: always, where the gateway has demanded it before, or a secret where that is possible."""
        if self._always or _operation(request) in self._demanded:
            return True
        return secret and self.possible()

    def demand(self, request: httpx.Request) -> None:
        """Remember that the gateway wants this operation sealed."""
        self._demanded.add(_operation(request))

    def forget(self) -> None:
        """Ask for the keys again before the next seal: the one in use may have been retired."""
        self._asked = False

    def possible(self) -> bool:
        """Whether there is a key to seal to. Raises KeyNotTrusted."""
        return self._key() is not None

    def begin(self, nonce: str) -> SealedExchange:
        """Start an exchange. Raises KeyNotTrusted."""
        found = self._key()
        if found is None:
            raise KeyNotTrusted("The request has to be sealed, and the gateway shows no key to seal it to.")
        return SealedExchange(*found, nonce=nonce)

    def _key(self) -> tuple[str, RSAPublicKey] | None:
        if not self._asked:
            self._found = self._choose(self._fetch())
            self._asked = True
        return self._found

    def _choose(self, data: object) -> tuple[str, RSAPublicKey] | None:
        """Return the first key that may be believed, None where there has never been one. Raises KeyNotTrusted."""
        shown = data if isinstance(data, dict) else {}
        try:
            keys = {str(jwk["kid"]): read_jwk(jwk) for jwk in shown.get("keys", ())}
        except (ProtocolError, KeyError, TypeError):
            raise AnswerInvalid("The gateway's sealing keys cannot be read.") from None
        pins = self._pins.load()
        if not pins and not keys:
            return None
        believed = trusted(pins, map(str, shown.get("announcements", ()))) & keys.keys() if pins else set(keys)
        if not believed:
            raise KeyNotTrusted(
                "The gateway shows no sealing key that is pinned or announced by a pinned one. Either somebody is in "
                "between, or it is another installation: compare the thumbprint with its owner's, then pin that."
            )
        if believed != pins:
            self._pins.save(believed)
        return next((name, key) for name, key in keys.items() if name in believed)


def _operation(request: httpx.Request) -> tuple[str, str]:
    """The same for every object: what is demanded of one is demanded of all, and is remembered once."""
    return request.method, _ID.sub("{id}", request.url.path)
