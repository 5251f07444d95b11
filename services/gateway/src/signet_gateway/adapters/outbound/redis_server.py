"""One connection to the Redis that holds the nonces, and what that Redis must be.

RedisUnfit(Exception)   it answers, and must not be trusted with nonces: it evicts, or it is a replica
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from redis.backoff import NoBackoff
from redis.connection import Connection, parse_url
from redis.exceptions import NoScriptError
from redis.retry import Retry

from signet_gateway.adapters.outbound.redis_script import CLAIM

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 2.0
_POLICY = "noeviction"
_DIGEST = hashlib.sha1(CLAIM.encode(), usedforsecurity=False).hexdigest()


Connect: TypeAlias = Callable[[], Any]
"""Makes one more connection of redis-py, not yet connected."""


class RedisUnfit(Exception):
    """This Redis may forget what it was told, so nothing is to be claimed in it."""


class RedisServer:
    """Connected from construction on, to one server process: a connection cannot outlive that.

    Nothing is sent twice: an answer that is lost may have been a claim. Every method raises redis.RedisError and
    OSError; after one of these the connection is of no more use.
    """

    def __init__(self, connect: Connect) -> None:
        self._connection = connect()
        try:
            self._connection.connect()
            self.check()
            self.run_id = self._info("server")["run_id"]
        except BaseException:
            self.close()
            raise

    def check(self) -> None:
        """Raise RedisUnfit unless this is a primary that evicts nothing."""
        role, policy = self._info("replication").get("role"), self._info("memory").get("maxmemory_policy")
        if role != "master":
            raise RedisUnfit("the Redis of the nonces is a replica: name the primary")
        if policy != _POLICY:
            raise RedisUnfit(f"the Redis of the nonces would evict them: maxmemory-policy is {policy}, not {_POLICY}")

    def claim(self, keys: Sequence[str], arguments: Sequence[object]) -> list[Any]:
        """Run the script; it is loaded where the server does not know it yet."""
        rest = (len(keys), *keys, *arguments)
        try:
            answer: list[Any] = self._ask("EVALSHA", _DIGEST, *rest)
        except NoScriptError:
            answer = self._ask("EVAL", CLAIM, *rest)
        return answer

    def close(self) -> None:
        """Disconnect."""
        self._connection.disconnect()

    def _ask(self, *command: object) -> Any:
        self._connection.send_command(*command)
        return self._connection.read_response()

    def _info(self, section: str) -> dict[str, str]:
        lines = self._ask("INFO", section)
        text = lines.decode() if isinstance(lines, bytes) else str(lines)
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def connector(url: str) -> Connect:
    """Read a Redis URL; nothing is connected. ValueError where it is none.

    There is no pool: one gives out a hundred connections and then none, as it counts those of an outage for ever.
    """
    address: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    kind = address.pop("connection_class", Connection)
    return partial(
        kind,
        **address,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        health_check_interval=0,
    )
