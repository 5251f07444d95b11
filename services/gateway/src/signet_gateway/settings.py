"""What the gateway is told by its environment, under the prefix `GATEWAY_`."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from signet_common.settings import ServiceSettings, matching, number, one_of, whole_number

_Proxy = ipaddress.IPv4Network | ipaddress.IPv6Network | Literal["unix"]
_SOCKET_PATH_BYTES = 107


def _upstreams(text: str) -> Mapping[str, str]:
    """Read `identity=http://127.0.0.1:7001,resources=unix:/path,…`; identity must be among them."""
    upstreams = dict(map(_upstream, text.split(",")))
    if "identity" not in upstreams:
        raise ValueError("identity is missing: nobody else knows who is calling")
    return upstreams


def _upstream(entry: str) -> tuple[str, str]:
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


def _proxies(text: str) -> tuple[_Proxy, ...]:
    """Read a comma-separated list of networks in CIDR notation; `unix` is whoever comes through a unix socket."""
    try:
        return tuple(_proxy(entry.strip()) for entry in text.split(",") if entry.strip())
    except ValueError:
        raise ValueError("wanted networks in CIDR notation without host bits, or unix, comma separated") from None


def _proxy(entry: str) -> _Proxy:
    return "unix" if entry == "unix" else ipaddress.ip_network(entry)


def _rates(text: str) -> tuple[tuple[str, str], ...]:
    """Read `signIn=10/minute,createUser=5/second`, by the operation's id in its contract; empty for none."""
    rates = {}
    for entry in filter(None, map(str.strip, text.split(","))):
        name, _, rate = entry.partition("=")
        if not re.fullmatch(r"\w{1,64}", name) or not re.fullmatch(_RATE, rate):
            raise ValueError("wanted operationId=number/second, /minute, /hour or /day, comma separated")
        rates[name] = rate
    return tuple(rates.items())


def _origins(text: str) -> tuple[str, ...]:
    """Read `https://app.example.org,http://localhost:3000`: scheme, host and port as a browser writes them."""
    origins = tuple(entry.strip() for entry in text.split(",") if entry.strip())
    if not all(re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", origin) for origin in origins):
        raise ValueError("wanted origins like https://app.example.org, comma separated; there is no wildcard")
    return origins


_RATE = r"[1-9][0-9]{0,8}/(second|minute|hour|day)"
_OptionalRate = Annotated[str, matching(rf"({_RATE})?", "number/second, /minute, /hour or /day, or empty for no limit")]
_Rate = Annotated[int, whole_number(least=1)]
_Seconds = Annotated[float, number(above=0)]


class GatewaySettings(ServiceSettings, prefix="GATEWAY_"):
    """All settings; see the service's README for what each one means."""

    nonces_url: Annotated[
        str, matching(r"sqlite:/+[^?#]+[^/?#]|rediss?://[^/?#]+(/[0-9]+)?", "sqlite:/path or redis://…")
    ]
    contracts_dir: Path
    upstreams: Annotated[Mapping[str, str], _upstreams]
    trusted_proxies: Annotated[tuple[_Proxy, ...], _proxies] = ()
    max_body_bytes: Annotated[int, whole_number(least=0)] = 1_048_576
    access_log: str = ""
    cors_origins: Annotated[tuple[str, ...], _origins] = ()
    public_rate: _Rate = 60
    unknown_rate: _Rate = 60
    refusal_rate: _Rate = 20
    limits_url: Annotated[str, matching(r"memory:|rediss?://[^/?#]+(/[0-9]+)?", "memory: or redis://…")] = "memory:"
    address_rate: _OptionalRate = ""
    credential_rate: _OptionalRate = ""
    operation_rates: Annotated[tuple[tuple[str, str], ...], _rates] = ()
    sealing_keys: Annotated[Path | None, Path] = None
    sealing: Annotated[str, one_of("optional", "required")] = "optional"
    connections: _Rate = 128
    streams: _Rate = 128
    streams_per_user: _Rate = 32
    connect_timeout: _Seconds = 2.0
    read_timeout: _Seconds = 30.0
    restart_seconds: _Seconds = 10.0
