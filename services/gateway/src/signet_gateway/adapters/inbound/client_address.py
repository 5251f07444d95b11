"""Whose address counts as the client's.

`X-Forwarded-For` is anybody's to write, so it is believed only as far as proxies of our own vouch for it: from the
right, each address was added by the hop after it, and the first one that is not ours is the client.

A peer that comes through a unix socket has no address; the server names it `unix`. It is believed only where that very
word is among the trusted proxies.
"""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

Proxy = ipaddress.IPv4Network | ipaddress.IPv6Network | Literal["unix"]


class ClientAddress:
    """Tells the client's address from the peer's and the header."""

    def __init__(self, trusted_proxies: Sequence[Proxy]) -> None:
        self._networks = tuple(proxy for proxy in trusted_proxies if proxy != "unix")
        self._trusts_unix = "unix" in trusted_proxies
        self._is_ours = lru_cache(maxsize=1024)(self._look_up)

    def of(self, peer: str, forwarded_for: str | None) -> str:
        """Return the address; what no trusted proxy vouches for, or is no address, is not looked at."""
        if forwarded_for is None or not self._is_ours(peer):
            return peer
        client = peer
        for hop in reversed(forwarded_for.split(",")):
            address = _normalised(hop.strip())
            if address is None:
                break
            client = address
            if not self._is_ours(address):
                break
        return client

    def _look_up(self, text: str) -> bool:
        if text == "unix":
            return self._trusts_unix
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


@lru_cache(maxsize=4096)
def _normalised(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
