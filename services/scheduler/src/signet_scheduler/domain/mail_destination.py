"""Where mail is handed over: a folder, or a mail server. Read from one setting, whose text may hold a password."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

Security = Literal["starttls", "tls", "none"]
_PORTS = {"smtp": 587, "smtps": 465}
_WANTED = "is not file:/folder, smtp://user:password@host:587 or smtps://user:password@host:465"


@dataclass(frozen=True, slots=True)
class FileOutbox:
    """Mails become files in a folder."""

    folder: Path


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. `ca_file` names authorities to trust instead of those that the machine knows."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None


MailDestination = FileOutbox | SmtpServer


def read_destination(text: str) -> MailDestination:
    """Read `SCHEDULER_SMTP_URL`. Raises ValueError, which says what is wrong and repeats nothing of it."""
    if text.startswith("file:/"):
        return FileOutbox(Path("/" + text.removeprefix("file:").lstrip("/")))
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError(_WANTED) from None
    if (
        url.scheme not in _PORTS
        or not url.hostname
        or url.path not in ("", "/")
        or url.fragment
        or not text.isprintable()
    ):
        raise ValueError(_WANTED)
    return _server(url, _PORTS[url.scheme] if port is None else port)


def _server(url: SplitResult, port: int) -> SmtpServer:
    options = _options(url)
    security: Security = "tls" if url.scheme == "smtps" else "starttls"
    if options.get("starttls") == "no" and url.scheme == "smtp":
        security = "none"
    user, password = unquote(url.username or ""), unquote(url.password or "")
    if bool(user) != bool(password):
        raise ValueError("has a user without a password, or a password without a user")
    host = url.hostname or ""
    if not (user + password).isascii():
        raise ValueError("has a user or a password that is not ASCII")
    if user and security == "none" and not _is_loopback(host):
        raise ValueError("would send its password in the clear: leave starttls=no out, or use smtps")
    ca_file = Path(options["ca"]) if "ca" in options else None
    return SmtpServer(host, port, security, user, password, ca_file)


def _options(url: SplitResult) -> dict[str, str]:
    try:
        options = parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    except ValueError:
        raise ValueError(_WANTED) from None
    single = {name: values[0] for name, values in options.items() if len(values) == 1}
    known = {"starttls": ("yes", "no"), "ca": None}
    if (
        len(single) != len(options)
        or not single.keys() <= known.keys()
        or single.get("starttls", "yes") not in ("yes", "no")
    ):
        raise ValueError("has another option than starttls=no and ca=/file.pem")
    return single


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
