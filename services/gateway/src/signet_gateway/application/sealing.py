"""Sealed bodies at the gate: which seal a request shows, its opening, and the sealing of what is answered.

A seal is opened last of all checks, because opening costs a private RSA operation: who gets that far has a proven
signature, a nonce claimed and the permission, or as a stranger has passed the rate limit. Whatever is wrong with a seal
is 400003, in one text, after the same work.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from signet_gateway.application.content import too_large
from signet_gateway.application.contracts import Operation
from signet_gateway.application.credentials import Freshness
from signet_gateway.application.envelopes import read_envelope
from signet_gateway.application.errors import Refusal, malformed
from signet_gateway.application.ports import SealedPart, SealOpener
from signet_gateway.application.request import Reply, Request
from signet_protocol.envelope import JSON_TYPE
from signet_protocol.errors import ProtocolError
from signet_protocol.headers import check_header_value
from signet_protocol.return_codes import ReturnCode
from signet_protocol.sealing import OVERHEAD_BYTES, answer_binding, request_binding, seal_answer

_LOGGER = logging.getLogger(__name__)
_HEADERS = {"x-key": "X-Key", "x-key-id": "X-Key-Id"}
_FORM_TYPE = re.compile(r'application/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset="?utf-8"?)?', re.IGNORECASE)
_FORM = re.compile(rb"data=([A-Za-z0-9_-]*)")
_WRAPPING_BYTES = 64
"""What stands around the sealed text in JSON or a form, with some room for white space."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What the headers say: the wrapped content key, and to which of the gateway's keys it was wrapped."""

    x_key: str = field(repr=False)
    x_key_id: str

    @property
    def headers(self) -> dict[str, str]:
        """The two signed headers; no service reads them."""
        return {"x-key": self.x_key, "x-key-id": self.x_key_id}

    @property
    def nonce_owner(self) -> str:
        """In whose name a public operation claims its nonce: nobody else can know this text before it is sent."""
        return hashlib.sha256(self.x_key.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a seal to be opened: in whose name, under which credential (none on a public operation), when."""

    owner: str
    credential: str = field(repr=False)
    freshness: Freshness


class AnswerSeal:
    """Seals the `data` of the answer to one request; made once the content key is established."""

    __slots__ = ("_content_key", "_nonce")

    def __init__(self, content_key: bytes, nonce: str) -> None:
        self._content_key = content_key
        self._nonce = nonce

    def close(self, reply: Reply, method: str) -> Reply:
        """Return the reply with its data sealed, success or not; an answer without a body has none."""
        headers = [entry for entry in reply.headers if entry[0].lower() != "content-length"]
        if method == "HEAD" or not reply.body:
            return replace(reply, headers=headers if method == "HEAD" else reply.headers)
        status, told = reply.status, read_envelope(reply.body)
        if told is None:
            _LOGGER.error("an answer that is no envelope cannot be sealed")
            failed = ReturnCode.INTERNAL_ERROR
            status, told = failed.http_status, (failed.value, failed.message, None)
            headers = [("Content-Type", "application/json")]
        code, message, data = told
        sealed = seal_answer(self._content_key, orjson.dumps(data), answer_binding(self._nonce, code))
        body = orjson.dumps({"return_code": code, "return_msg": message, "data": sealed})
        return Reply(status, [*headers, ("Content-Length", str(len(body)))], body, code)


class Sealing:
    """Reads and opens seals, and demands them where contract and deployment do."""

    def __init__(self, opener: SealOpener, *, enforced: bool) -> None:
        self._opener = opener
        self._enforced = enforced

    def read(self, headers: Mapping[str, str], operation: Operation) -> Seal | None:
        """Return what the headers show, None for a request that is not sealed.

        Raises Refusal 400004 where a seal is demanded, 400003 for half of one or where none is taken, 400001.
        """
        if "x-key" not in headers and "x-key-id" not in headers:
            if self._enforced and operation.sealed == "required":
                raise Refusal(ReturnCode.SEAL_REQUIRED)
            return None
        if operation.sealed == "never" or "x-key" not in headers or "x-key-id" not in headers:
            raise Refusal(ReturnCode.SEAL_INVALID)
        try:
            values = [check_header_value(known_as, headers[name]) for name, known_as in _HEADERS.items()]
        except ProtocolError as error:
            raise malformed(error) from None
        return Seal(*values)

    def open(
        self,
        seal: Seal,
        request: Request,
        asker: Asker,
        *,
        headers: dict[str, str],
        body: bytes,
        limit: int,
    ) -> bytes:
        """Return the body that the service is to see; from now on the answer is sealed, too.

        What was sealed is always JSON: a form carries it for those who can send nothing else, and `headers` says so
        afterwards. Raises Refusal 400003, 429001, and 413001 for more than `limit` bytes.
        """
        binding = request_binding(
            timestamp=str(asker.freshness.timestamp),
            nonce=asker.freshness.nonce,
            credential=asker.credential,
            method=request.method,
            target=request.target,
            headers={**headers, **seal.headers},
        )
        content_type = headers.get("content-type", "")
        sealed = _sealed_part(body, content_type) if body else None
        part = SealedPart(seal.x_key_id, seal.x_key, sealed, binding)
        content_key, plaintext = self._opener.open(asker.owner, part)
        request.answer_seal = AnswerSeal(content_key, asker.freshness.nonce)
        if len(plaintext) > limit:
            raise too_large(limit)
        if body and _FORM_TYPE.fullmatch(content_type):
            headers["content-type"] = "application/json"
        return plaintext


def sealed_size(limit: int) -> int:
    """Return the bytes that a sealed body may have when what it holds may have `limit`."""
    return (limit + OVERHEAD_BYTES + 2) // 3 * 4 + _WRAPPING_BYTES


def _sealed_part(body: bytes, content_type: str) -> str:
    """Return the sealed text in a body; an empty one, which opens no seal, for a body of any other shape."""
    if _FORM_TYPE.fullmatch(content_type):
        found = _FORM.fullmatch(body)
        return "" if found is None else found[1].decode("ascii")
    if not JSON_TYPE.fullmatch(content_type):
        return ""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    # Four quotes hold one name and one text: a second "data", which this reader would keep, has no room beside them.
    alone = isinstance(document, dict) and len(document) == 1 and body.count(b'"') == 4
    text = document.get("data") if alone else None
    return text if isinstance(text, str) else ""
