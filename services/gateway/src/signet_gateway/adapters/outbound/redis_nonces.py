"""The nonce store on Redis, for gateways on more than one machine.

What many greenlets claim at one moment is one call of one script. Redis loses claims in more ways than a file does: it
is flushed, restarts from an old copy, or fails over to a replica that lags. None of them can be told from the outside
for certain, so each counts as a new birth: what was stamped before it is refused (see `redis_script`).
"""

import logging
import secrets
import time
from collections.abc import Callable

import gevent
from redis.exceptions import RedisError

from signet_common.sql.group_commit import GroupCommit
from signet_gateway.adapters.outbound.nonce_file import RETENTION_SECONDS, Row
from signet_gateway.adapters.outbound.redis_script import FRESH, MARK, PREFIX, REUSED, SETTLED, TOO_OLD
from signet_gateway.adapters.outbound.redis_server import RedisServer, RedisUnfit, connector
from signet_gateway.application.errors import NoncesUnavailable
from signet_gateway.application.ports import CheckResult, Claim

_LOGGER = logging.getLogger(__name__)

SETTLE_SECONDS = 2
PULSE_SECONDS = 0.5
_CHECK_SECONDS = 10.0
_OUTCOMES = {FRESH: Claim.FRESH, REUSED: Claim.REUSED, TOO_OLD: Claim.TOO_OLD}


class RedisNonceStore:
    """A NonceStore in the Redis at `url`. While that does not answer, or is no place for nonces, claims are refused.

    `settle` is for how many seconds a store that was born decides nothing. ValueError where the URL is none.
    """

    def __init__(self, url: str, clock: Callable[[], float], *, settle: int = SETTLE_SECONDS) -> None:
        self._connect = connector(url)
        self._clock = clock
        self._settle = settle
        self._server: RedisServer | None = None
        self._birth = ""
        self._newest = 0
        self._failing = False
        self._check_at = 0.0
        self._groups: GroupCommit[Row | None] = GroupCommit(self._commit)

    def claim(self, owner: str, nonce: str, timestamp: int) -> Claim:
        """See the port."""
        outcome: Claim = self._groups.submit((owner, nonce, timestamp))
        return outcome

    def forget_expired(self) -> int:
        """See the port: Redis lets go of each nonce by itself when its time is over."""
        return 0

    def check(self) -> None:
        """Raise RedisUnfit where Redis answers and is unfit; one that does not answer may come later."""
        try:
            RedisServer(self._connect).close()
        except (RedisError, OSError) as error:
            _LOGGER.warning("the Redis of the nonces does not answer yet: %s", type(error).__name__)

    def probe(self) -> dict[str, CheckResult]:
        """A group without a claim shows whether the store decides."""
        try:
            self._groups.submit(None)
        except NoncesUnavailable as error:
            return {"nonces": CheckResult("failed", str(error))}
        return {"nonces": CheckResult("ok")}

    def keep_watch(self) -> None:
        """Ask twice a second, for ever: a worker without requests must notice in time that the store was born anew."""
        while True:
            self.probe()
            gevent.sleep(PULSE_SECONDS)

    def close(self) -> None:
        """Disconnect; the next group of claims connects again."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _commit(self, group: list[Row | None]) -> list[Claim | None]:
        rows = [row for row in group if row is not None]
        try:
            claims = self._claim(rows)
        except (RedisError, OSError, RedisUnfit) as error:
            self.close()
            self._complain(error)
            raise NoncesUnavailable("nonces cannot be claimed") from error
        self._failing = False
        outcomes = iter(claims)
        return [None if row is None else next(outcomes) for row in group]

    def _claim(self, rows: list[Row]) -> list[Claim]:
        self._server = server = self._server or RedisServer(self._connect)
        if time.monotonic() >= self._check_at:
            server.check()
            self._check_at = time.monotonic() + _CHECK_SECONDS
        now = int(self._clock())
        keys = [MARK]
        known = (now, self._newest, server.run_id, secrets.token_hex(8), self._birth, self._settle)
        arguments: list[object] = list(known)
        for owner, nonce, timestamp in rows:
            keys.append(f"{PREFIX}{owner}:{nonce}")
            arguments += (timestamp, max(1, timestamp + RETENTION_SECONDS - now))
        birth, _horizon, settled, *outcomes = server.claim(keys, arguments)
        self._meet(birth.decode())
        if settled != SETTLED:
            raise NoncesUnavailable("the store is new and vouches for nothing yet")
        claims = [_OUTCOMES[outcome] for outcome in outcomes]
        fresh = [row[2] for row, claim in zip(rows, claims, strict=True) if claim is Claim.FRESH]
        self._newest = max(self._newest, *fresh) if fresh else self._newest
        return claims

    def _meet(self, birth: str) -> None:
        if self._birth and birth != self._birth:
            _LOGGER.warning("the nonce store was born anew: what was stamped before is refused")
        self._birth = birth

    def _complain(self, error: Exception) -> None:
        """Once per outage. A library's message may repeat what it was sent, so its type alone is logged."""
        if not self._failing:
            reason = str(error) if isinstance(error, RedisUnfit) else type(error).__name__
            _LOGGER.warning("nonces cannot be claimed: %s", reason)
        self._failing = True
