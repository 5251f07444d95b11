"""Where services listen, as a setting says it: `identity=http://127.0.0.1:7001,resources=unix:/path,…`."""

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_SOCKET_PATH_BYTES = 107


def service_addresses(text: str) -> Mapping[str, str]:
    """Read the addresses by the name of the service, each `host:port` or `unix:/path`."""
    return dict(map(_address, text.split(",")))


def _address(entry: str) -> tuple[str, str]:
    name, _, url = entry.strip().partition("=")
    if name and url.startswith("unix:"):
        return name, _socket(url)
    try:
        parts = urlsplit(url)
        rest = parts.path.removeprefix("/") or parts.query or parts.fragment
        plain = url.startswith("http://") and parts.hostname and parts.username is None and parts.port != 0 and not rest
    except ValueError:  # of a port that is none, or of half an IPv6 address
        plain = False
    if not name or not plain:
        raise ValueError("wanted name=http://host:port or name=unix:/path, comma separated")
    return name, parts.netloc


def _socket(address: str) -> str:
    """`unix:/path`, spelled in one way and short enough for the kernel."""
    if not re.fullmatch(r"unix:(/[^/\x00-\x1f\x7f]+)+", address):
        raise ValueError("wanted unix:/path, absolute, to the socket of a service")
    if len(os.fsencode(address.removeprefix("unix:"))) > _SOCKET_PATH_BYTES:
        raise ValueError(f"the path of a unix socket has {_SOCKET_PATH_BYTES} bytes at most")
    return address
