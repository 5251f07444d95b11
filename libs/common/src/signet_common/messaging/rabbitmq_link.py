"""One AMQP connection with one channel, owned by a thread that does nothing but its I/O.

So heartbeats are answered while the thread that uses it is idle, commits, or waits in a backoff, and any number of
confirms can be in flight, which pika's blocking channel cannot do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from pika import SelectConnection
from pika.adapters.select_connection import IOLoop

from signet_common.messaging.ports import BusUnavailable
from signet_common.messaging.rabbitmq_topology import describe

OPEN_SECONDS = 15.0
CLOSE_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class Link:
    """Open from construction until it goes down; a link that is down stays down, its owner makes another.

    `prepare(channel, ready)` runs in the I/O thread on the open channel and calls `ready()` when it may be used;
    `on_down()` is called once, from the I/O thread.
    """

    def __init__(
        self,
        parameters: Any,
        prepare: Callable[[Any, Callable[[], None]], None],
        on_down: Callable[[], None],
    ) -> None:
        self._prepare, self._on_down = prepare, on_down
        self._settled = threading.Event()
        self._up = False
        self._reason = "not connected"
        self._channel: Any = None
        self._loop = IOLoop()
        self._connection = SelectConnection(
            parameters,
            on_open_callback=self._opened,
            on_open_error_callback=self._stopped,
            on_close_callback=self._stopped,
            custom_ioloop=self._loop,
        )
        self._thread = threading.Thread(target=self._run, name="amqp", daemon=True)
        self._thread.start()
        if not self._settled.wait(OPEN_SECONDS) or not self._up:
            self.close()
            raise BusUnavailable(f"the broker: {self._reason}")

    @property
    def is_up(self) -> bool:
        return self._up

    @property
    def reason(self) -> str:
        """Say why the link is down."""
        return self._reason

    def call(self, action: Callable[[Any], None]) -> None:
        """Run an action on the channel in the I/O thread, soon; not at all if the link goes down before."""
        if not self._up:
            raise BusUnavailable(f"the broker: {self._reason}")

        def run() -> None:
            if self._channel.is_open:
                action(self._channel)

        self._loop.add_callback_threadsafe(run)

    def close(self) -> None:
        """End the connection in order, and the thread."""
        if self._thread.is_alive():
            self._loop.add_callback_threadsafe(self._close_connection)
            self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():  # a broker that does not answer must not keep the thread
            self._loop.add_callback_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_SECONDS)

    def give_up(self, reason: str) -> None:
        """From the I/O thread: the link is of no more use."""
        self._reason = reason
        self._close_connection()

    def _run(self) -> None:
        try:
            self._loop.start()
        except Exception as error:
            # The loop of this thread: whatever broke inside it, the link is down and its owner makes another.
            self._reason = describe(error)
            _logger.exception("the connection to the broker broke")
        finally:
            self._up = False
            self._on_down()
            self._settled.set()
            self._loop.close()

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _channel, error: self.give_up(describe(error)))
        self._prepare(channel, self._ready)

    def _ready(self) -> None:
        self._up = True
        self._settled.set()

    def _close_connection(self) -> None:
        if self._connection.is_closed:
            self._loop.stop()
        elif not self._connection.is_closing:
            self._connection.close()

    def _stopped(self, _connection: Any, error: BaseException) -> None:
        if self._reason == "not connected":
            self._reason = describe(error)
        self._up = False
        self._loop.stop()
