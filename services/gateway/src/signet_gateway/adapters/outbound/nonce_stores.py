"""From GATEWAY_NONCES_URL to a nonce store. Only the adapter that is used gets imported."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import gevent

from signet_gateway.application.errors import NoncesUnfit
from signet_gateway.application.ports import CheckResult, Claim

_FILE = "sqlite:"


class RunningNonces(Protocol):
    """A NonceStore, what is to be forgotten of it, and its probe."""

    def claim(self, owner: str, nonce: str, timestamp: int) -> Claim: ...
    def forget_expired(self) -> int: ...
    def probe(self) -> dict[str, CheckResult]: ...


def open_nonces(url: str, clock: Callable[[], float]) -> tuple[RunningNonces, Callable[[], None]]:
    """Return the store behind `sqlite:/path` or `redis[s]://…`, and what to start once the worker has forked.

    Raises NoncesUnfit for a Redis that answers and would forget, and for a URL that cannot be read.
    """
    return _file(url, clock) if url.startswith(_FILE) else _redis(url, clock)


def _file(url: str, clock: Callable[[], float]) -> tuple[RunningNonces, Callable[[], None]]:
    from signet_gateway.adapters.outbound.nonce_file import current_boot_id
    from signet_gateway.adapters.outbound.nonces import SqliteNonceStore

    path = Path("/" + unquote(url.removeprefix(_FILE)).lstrip("/"))
    store = SqliteNonceStore(path, clock, current_boot_id())

    def start() -> None:
        store.probe()  # a new store is born now, not with the first request that it would then have to refuse

    return store, start


def _redis(url: str, clock: Callable[[], float]) -> tuple[RunningNonces, Callable[[], None]]:
    from signet_gateway.adapters.outbound.redis_nonces import RedisNonceStore
    from signet_gateway.adapters.outbound.redis_server import RedisUnfit

    try:
        store = RedisNonceStore(url, clock)
        store.check()
    except RedisUnfit as unfit:
        raise NoncesUnfit(str(unfit)) from unfit
    except ValueError:
        raise NoncesUnfit("GATEWAY_NONCES_URL is no Redis URL") from None
    return store, lambda: gevent.spawn(store.keep_watch)
