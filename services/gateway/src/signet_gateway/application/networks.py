"""What one party answers for when it is counted by its address."""

import ipaddress
from functools import lru_cache

IPV6_PREFIX = 56
"""What one subscriber gets at least (RFC 6177): counting single IPv6 addresses would count nothing."""


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return an IPv4 address as it is, an IPv6 one with its whole prefix; what is neither counts as itself."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
