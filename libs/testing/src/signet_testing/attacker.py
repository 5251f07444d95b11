"""A client that does not play by the rules: it signs what no library would sign and sends bytes that are no HTTP."""

import contextlib
import secrets
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from http.client import HTTPMessage

from signet import Credential, TokenCredential
from signet_protocol.signing import body_digest, sign, signing_key, string_to_sign, utc_day
from signet_testing.doors import Door, connect
from signet_testing.free_ports import LOOPBACK
from signet_testing.raw_http import RawAnswer, RawRequest

SILENCE_SECONDS = 0.25
"""So long nothing has come when no further answer is expected."""
FIRST_ANSWER_SECONDS = 20.0
CONTINUE = 100
"""An interim answer (RFC 9110, 15.2): the one that counts follows."""

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Attacker:
    """Somebody with a credential of their own, at one of the doors of the platform."""

    port: Door
    credential: Credential

    def forge(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        signed_body: bytes | None = None,
        headers: Headers = (),
        timestamp: str | None = None,
        nonce: str | None = None,
    ) -> RawRequest:
        """Sign anything whatever, without the checks of the SDK: malformed targets, timestamps and nonces too.

        `signed_body` is what the signature covers where that is not what is sent. A timestamp that is no number is
        signed with today's key.
        """
        sent = list(headers)
        if body and "content-type" not in {name.lower() for name, _ in sent}:
            sent.append(("Content-Type", "application/json"))
        stamp = str(int(time.time())) if timestamp is None else timestamp
        once = secrets.token_hex(16) if nonce is None else nonce
        text = string_to_sign(
            timestamp=stamp,
            nonce=once,
            credential=self.credential.identifier,
            method=method,
            target=target,
            headers={name.lower(): value.strip(" \t") for name, value in sent},
            body_sha256=body_digest(body if signed_body is None else signed_body),
        )
        key = signing_key(self.credential.secret, utc_day(_seconds(stamp)))
        # The product's own function refuses what is not ASCII; a forger's does not.
        signature = sign(key, text) if text.isascii() else "0" * 64
        who = ("Authorization", f"Bearer {self.credential.identifier}")
        if not isinstance(self.credential, TokenCredential):
            who = ("X-Api-Key", self.credential.identifier)
        proof = (who, ("X-Timestamp", stamp), ("X-Nonce", once), ("X-Sign", signature))
        return RawRequest(method, target, (*sent, *proof), body)

    def converse(self, *parts: bytes, source: str = LOOPBACK, expected: int = 1) -> list[RawAnswer]:
        """Send bytes on one connection and return every answer that comes before it falls silent or ends.

        With several parts, the next is sent when an answer to the ones before has come. Silence counts once as many
        answers as are `expected` to the last part have begun; a busy machine takes its time between them.
        """
        answers: list[RawAnswer] = []
        with connect(self.port, FIRST_ANSWER_SECONDS, source=source) as connection:
            for number, part in enumerate(parts, 1):
                with contextlib.suppress(OSError):  # It may have answered and closed.
                    connection.sendall(part)
                answers += _answers(_received(connection, expected, to_the_end=number == len(parts)))
        return answers


def head(request: RawRequest, *lines: bytes, version: str = "HTTP/1.1", host: bool = True) -> bytes:
    """The head of a request with raw lines added, and without any framing of its own."""
    start = f"{request.method} {request.target} {version}\r\n"
    fields = [f"{name}: {value}\r\n" for name, value in (*((("Host", LOOPBACK),) if host else ()), *request.headers)]
    return "".join((start, *fields)).encode("latin-1") + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def chunked(*chunks: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """A body in chunks (RFC 9112, 7.1); `last` is what ends it."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + last


def _seconds(stamp: str) -> int:
    """The timestamp as a number where it can date a key at all, otherwise now."""
    plausible = stamp.isascii() and stamp.isdecimal() and len(stamp) == 10
    return int(stamp) if plausible else int(time.time())


def _received(connection: socket.socket, expected: int, *, to_the_end: bool) -> bytes:
    """Everything that comes, or as much of it as makes whole answers."""
    received = b""
    with contextlib.suppress(OSError):
        connection.settimeout(FIRST_ANSWER_SECONDS)
        while (to_the_end or not _whole(received)) and (data := connection.recv(65536)):
            received += data
            told = to_the_end and sum(answer.status != CONTINUE for answer in _answers(received)) >= expected
            connection.settimeout(SILENCE_SECONDS if told else FIRST_ANSWER_SECONDS)
    return received


def _whole(received: bytes) -> bool:
    answers = _answers(received)
    return bool(answers) and len(answers[-1].body) == int(answers[-1].headers.get("Content-Length", -1))


def _answers(received: bytes) -> list[RawAnswer]:
    """Take apart what came back; bytes that are no answer are one of status 0."""
    answers: list[RawAnswer] = []
    while received:
        start, _, rest = received.partition(b"\r\n")
        fields, _, rest = rest.partition(b"\r\n\r\n")
        words = start.split(b" ")
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            return [*answers, RawAnswer(0, body=received)]
        headers = BytesHeaderParser(_class=HTTPMessage).parsebytes(fields + b"\r\n\r\n")
        size = int(headers.get("Content-Length", 0))
        answers.append(RawAnswer(int(words[1]), headers, rest[:size]))
        received = rest[size:]
    return answers
