"""What the gateway is told by its environment, under the prefix `GATEWAY_`."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from signet_common.settings import ServiceSettings, matching, number, one_of, service_addresses, whole_number

_Proxy = ipaddress.IPv4Network | ipaddress.IPv6Network | Literal["unix"]


def _upstreams(text: str) -> Mapping[str, str]:
    """Read the addresses of the services; identity must be among them."""
    upstreams = service_addresses(text)
    if "identity" not in upstreams:
        raise ValueError("identity is missing: nobody else knows who is calling")
    return upstreams


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
