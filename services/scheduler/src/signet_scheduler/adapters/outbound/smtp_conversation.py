"""One conversation with a mail server (RFC 5321) that ends in time, whatever the other side does.

smtplib's time limit holds for each read, so a server that sends a byte now and then holds its client for ever, and one
that sends lines without end fills its memory. Here all of it has a limit: the time as a whole, and the bytes of the
answers.
"""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from threading import Timer
from typing import Any, BinaryIO

MAX_LINE_BYTES = 2_000
MAX_ANSWER_BYTES = 65_536
"""Of everything that a server says before or after TLS: a hundred times of what servers do say."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: for a connection to one address, for each answer, for the whole conversation."""

    connect: float = 10.0
    answer: float = 60.0
    whole: float = 120.0


class AnswerUnusable(Exception):
    """The server says more than any server has to say, or broke off within a line."""


class ServerTooSlow(Exception):
    """The server did not answer in time. No OSError, which smtplib would take for a lost connection."""


class _Answers:
    """What the server says, as smtplib reads it: by whole lines, each and all of them bounded.

    A line that broke off must not count: cut short, `2` may have been the beginning of anything.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MAX_ANSWER_BYTES

    def readline(self, _most: int = -1) -> bytes:
        try:
            line = self._file.readline(MAX_LINE_BYTES)
        except TimeoutError:
            raise ServerTooSlow from None
        self._left -= len(line)
        if self._left < 0 or (line and not line.endswith(b"\n")):
            raise AnswerUnusable("the answer has no end")
        return line

    def close(self) -> None:
        self._file.close()


class Conversation(smtplib.SMTP):
    """A client that is cut off when its time is over. With `tls` it is encrypted from the first byte."""

    def __init__(self, host: str, port: int, *, limits: Limits, tls: ssl.SSLContext | None = None) -> None:
        """Connect and read the greeting. Raises OSError (SMTPException is one), AnswerUnusable, ServerTooSlow."""
        self._limits, self._tls = limits, tls
        self._watch: Timer | None = None
        self.is_over = False
        # A name of our own: without one smtplib asks the resolver for it, which may take long.
        try:
            super().__init__(host, port, local_hostname="localhost", timeout=limits.answer)
        except BaseException as failed:
            over = self.is_over
            self.close()
            if over:
                raise ServerTooSlow from failed
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), self._limits.connect)
        plain.settimeout(timeout)
        self._cut_in_time(plain)
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=host)

    def _cut_in_time(self, connection: socket.socket) -> None:
        """Cut the connection off when the time is over, below TLS and whoever waits for it."""
        # A second descriptor of the same connection: the first one changes hands when TLS begins.
        same = connection.dup()

        def cut() -> None:
            self.is_over = True
            with suppress(OSError):  # it may have ended by itself
                same.shutdown(socket.SHUT_RDWR)
            same.close()

        self._watch = Timer(self._limits.whole, cut)
        self._watch.daemon = True
        self._same = same
        self._watch.start()

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer, of a bounded length."""
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock.makefile("rb"))
        return super().getreply()

    def introduce(self) -> tuple[int, bytes]:
        """Say EHLO with the address that the server sees (RFC 5321, section 4.1.3): a name might be anybody's."""
        assert self.sock is not None  # noqa: S101 - only a connected client has a conversation
        name: Any = self.sock.getsockname()[0]
        return self.ehlo(f"[IPv6:{name}]" if ":" in name else f"[{name}]")

    def leave(self) -> None:
        """Say goodbye without waiting for an answer: the mail is over, and its outcome has to be kept now."""
        with suppress(OSError):  # whoever has gone needs none
            self.putcmd("quit")
        self.close()

    def close(self) -> None:
        """Close the connection and stop watching it."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            if not self.is_over:
                self._same.close()
        super().close()
