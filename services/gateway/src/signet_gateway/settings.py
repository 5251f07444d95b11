"""What the gateway is told by its environment, under the prefix `GATEWAY_`."""

import ipaddress
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from signet_common.settings import ServiceSettings

_ABSOLUTE = "sqlite:/"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class GatewaySettings(ServiceSettings):
    """All settings; see the service's README for what each one means."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    nonces_url: str = Field(pattern=r"^sqlite:/+[^?#]+[^/?#]$")
    contracts_dir: Path
    upstreams: Annotated[dict[str, str], NoDecode]
    trusted_proxies: Annotated[tuple[_Network, ...], NoDecode] = ()
    max_body_bytes: int = Field(default=1_048_576, ge=0)
    access_log: str = ""
    public_rate: int = Field(default=60, ge=1)
    unknown_rate: int = Field(default=60, ge=1)
    connections: int = Field(default=128, ge=1)
    connect_timeout: float = Field(default=2.0, gt=0)
    read_timeout: float = Field(default=30.0, gt=0)

    @property
    def nonces_path(self) -> Path:
        """The file that holds the nonces."""
        return Path("/" + unquote(self.nonces_url.removeprefix(_ABSOLUTE)).lstrip("/"))

    @field_validator("upstreams", mode="before")
    @classmethod
    def _upstreams(cls, text: object) -> object:
        """Read `identity=http://127.0.0.1:7001,resources=…`; identity must be among them."""
        if not isinstance(text, str):
            return text
        upstreams = {}
        for entry in text.split(","):
            name, _, url = entry.strip().partition("=")
            parts = urlsplit(url)
            plain = parts.scheme == "http" and parts.path in {"", "/"} and not (parts.query or parts.fragment)
            if not name or not plain or not parts.hostname or parts.username is not None or parts.port == 0:
                raise ValueError("wanted name=http://host:port, comma separated")
            upstreams[name] = parts.netloc
        if "identity" not in upstreams:
            raise ValueError("identity is missing: nobody else knows who is calling")
        return upstreams

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, text: object) -> object:
        """Read a comma-separated list of networks in CIDR notation."""
        if not isinstance(text, str):
            return text
        return tuple(ipaddress.ip_network(entry.strip()) for entry in text.split(",") if entry.strip())
