"""Token buckets, one per client address, in this process alone: a brake, not an account."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

_MOST_ADDRESSES = 10_000
_IPV6_PREFIX = 64


class AddressLimiter:
    """Allows each address `per_minute` events at once, refilled evenly over a minute.

    An IPv6 client counts with its whole /64, which one household owns. Of more than 10,000 addresses the one that was
    silent for longest is forgotten.
    """

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> float:
        """Return 0.0 and count one event, or the seconds until there is room for one."""
        name, tokens, now = self._filled(address)
        if tokens < 1.0:
            return (1.0 - tokens) / self._per_second
        self._keep(name, tokens - 1.0, now)
        return 0.0

    def give_back(self, address: str) -> None:
        """Take back one event that turned out not to count."""
        name, tokens, now = self._filled(address)
        self._keep(name, min(self._capacity, tokens + 1.0), now)

    def _filled(self, address: str) -> tuple[str, float, float]:
        name, now = _counted_as(address), self._monotonic()
        tokens, since = self._buckets.get(name, (self._capacity, now))
        return name, min(self._capacity, tokens + (now - since) * self._per_second), now

    def _keep(self, name: str, tokens: float, now: float) -> None:
        self._buckets[name] = (tokens, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)


def _counted_as(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/{_IPV6_PREFIX}", strict=False))
    except ValueError:
        return address
