"""Mail servers for the tests of SMTP: a real one that can be told to refuse, and one that keeps to no protocol."""

import ipaddress
import socket
import ssl
import threading
import time
from asyncio import AbstractServer
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "mailer", "correct horse battery"


@dataclass
class Mailbox:
    """What a server has taken, and what it answers instead of taking it: `refusals` by step."""

    refusals: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [self.refusals["EHLO"]] if "EHLO" in self.refusals else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" not in self.refusals:
            envelope.mail_from, envelope.mail_options = address, options
        return self.refusals.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" not in self.refusals:
            envelope.rcpt_tos.append(address)
        return self.refusals.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.refusals:
            return self.refusals["DATA"]
        self.taken.append(envelope)
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 queued as 4711"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@dataclass(frozen=True)
class Certificates:
    """A certificate for localhost and 127.0.0.1, which is its own authority."""

    ca: Path
    server: ssl.SSLContext


def make_certificates(folder: Path, host: str = "localhost") -> Certificates:
    """Make one that is valid today."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names = [x509.DNSName(host)] + ([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if host == "localhost" else [])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca, private = folder / f"{host}.pem", folder / f"{host}.key"
    ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, private)
    return Certificates(ca, context)


class ListeningController(Controller):
    """On a socket that listens already: a port that was looked for and let go may be somebody else's by now."""

    def __init__(self, listening: socket.socket, mailbox: Mailbox, **options: Any) -> None:
        super().__init__(mailbox, **options)
        self._listening = listening

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listening, ssl=self.ssl_context)


@contextmanager
def mail_server(
    mailbox: Mailbox,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    auth: bool = False,
    smtputf8: bool = False,
) -> Iterator[int]:
    """A real server on 127.0.0.1; its port. With `auth` nobody sends without having signed in."""
    listening = socket.create_server(("127.0.0.1", 0))
    controller = ListeningController(
        listening,
        mailbox,
        hostname="127.0.0.1",
        port=listening.getsockname()[1],
        ready_timeout=60,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        auth_required=auth,
        auth_require_tls=tls is None and starttls is not None,
        authenticator=mailbox.authenticate if auth else None,
        enable_SMTPUTF8=smtputf8,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


Script = Callable[[socket.socket], None]
"""What a server does with one connection; it is closed afterwards."""


@contextmanager
def scripted_server(script: Script) -> Iterator[int]:
    """A server that does whatever `script` does; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                with suppress(OSError):
                    script(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def answers(*replies: bytes) -> Script:
    """Say each reply in turn, the first as greeting and each other one after whatever has come; then close."""

    def script(connection: socket.socket) -> None:
        for reply in replies:
            connection.sendall(reply)
            connection.recv(65_536)

    return script


def after(replies: tuple[bytes, ...], last: Script) -> Script:
    """As `answers`, and then `last`."""

    def script(connection: socket.socket) -> None:
        answers(*replies)(connection)
        last(connection)

    return script


def stall(connection: socket.socket) -> None:
    """Say nothing more until the other side has gone."""
    while connection.recv(65_536):
        pass


def dribble(connection: socket.socket) -> None:
    """Say a line that never ends, a byte at a time."""
    while True:
        connection.sendall(b"2")
        time.sleep(0.02)


def dribble_tls(connection: socket.socket) -> None:
    """Begin a record of the TLS handshake, and send the rest of it a byte at a time."""
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    while True:
        connection.sendall(b"\x03")
        time.sleep(0.02)


def endless_line(connection: socket.socket) -> None:
    """Say a line that never ends, as fast as can be."""
    while True:
        connection.sendall(b"2" * 4096)


def endless_lines(connection: socket.socket) -> None:
    """Say an answer whose lines never end."""
    while True:
        connection.sendall(b"250-more to come\r\n" * 200)
