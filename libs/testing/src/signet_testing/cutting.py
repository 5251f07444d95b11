"""A connection between gateway and service that can be cut at the worst moment: done, and not yet answered."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from signet_testing.doors import Door, connect
from signet_testing.eventually import POLL_SECONDS
from signet_testing.free_ports import LOOPBACK

_PIECE_BYTES = 65_536
_RESTART_SECONDS = 30.0


class CuttableWire:
    """Passes bytes on between a loopback port of its own and a service; `target` says where that is.

    A service that is being restarted is waited for, so whoever is cut off sees a closed connection and nothing else.
    """

    def __init__(self, target: Callable[[], Door]) -> None:
        self._target = target
        self._listener = socket.create_server((LOOPBACK, 0))
        self._lock = threading.Lock()
        self._armed: tuple[bytes, Callable[[], object]] | None = None
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def armed(self) -> bool:
        """Whether the request that `cut` waits for has not been answered yet."""
        return self._armed is not None

    def cut(self, beginning: str, deed: Callable[[], object]) -> None:
        """Do the deed when the service answers the next request that begins so, and close instead of passing it on."""
        self._armed = (beginning.encode("ascii"), deed)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), self._connected() as service:
            asked = b""
            while True:
                readable, _, _ = select.select([client, service], [], [])
                source = service if service in readable else client
                data = source.recv(_PIECE_BYTES)
                if not data:
                    return
                if source is client:
                    asked = asked or data
                    service.sendall(data)
                elif deed := self._deed(asked):
                    deed()
                    return
                else:
                    asked = b""
                    client.sendall(data)

    def _connected(self) -> socket.socket:
        deadline = time.monotonic() + _RESTART_SECONDS
        while True:
            try:
                return connect(self._target(), 60)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)

    def _deed(self, asked: bytes) -> Callable[[], object] | None:
        """What is to be done instead of passing this request's answer on; once."""
        with self._lock:
            if self._armed is None or not asked.startswith(self._armed[0]):
                return None
            (_, deed), self._armed = self._armed, None
            return deed
