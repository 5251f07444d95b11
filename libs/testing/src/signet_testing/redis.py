"""A private Redis that appends every write to its log, as the nonce store demands of a real one."""

import secrets
import shutil
from collections.abc import Sequence

from signet_testing.free_ports import LOOPBACK
from signet_testing.packages import REDIS
from signet_testing.server import Server, exchange


class RedisServer(Server):
    """`url` carries its password; `policy` is the eviction policy, which a test may want to be a wrong one."""

    name = "redis"

    def __init__(self, *, policy: str = "noeviction") -> None:
        super().__init__()
        self._policy = policy
        self._password = secrets.token_hex(16)

    @property
    def url(self) -> str:
        """Redis URL of database 0."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def lose_data(self) -> None:
        """Remove what it has written; to be called while it is ended, so that it starts empty."""
        for written in (self.folder / "data").iterdir():
            if written.is_dir():
                shutil.rmtree(written)
            else:
                written.unlink()

    def _prepare(self) -> None:
        (self.folder / "data").mkdir()
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.folder / "data"),
            "requirepass": self._password,
            "appendonly": "yes",
            "save": '""',
            "maxmemory": "64mb",
            "maxmemory-policy": self._policy,
        }
        self._write_private("redis.conf", "".join(f"{key} {value}\n" for key, value in settings.items()))

    def _command(self) -> Sequence[str]:
        return [str(REDIS.find("redis-server")), str(self.folder / "redis.conf")]

    def _ready(self) -> bool:
        return exchange(self.port, f"AUTH {self._password}\r\nPING\r\n".encode(), 64).startswith(b"+OK\r\n+PONG")
