"""A service's pulse on a broker: a transient message to whoever listens, on a channel of its own.

A broker that does not know the exchange, or does not let this user write to it, closes the channel that tried. That
must not be the one that events leave on: without pulses the gateway trusts grants for less long, and nothing else.
"""

from __future__ import annotations

import logging
from typing import Any

import pika

from signet_common.messaging.ports import pulse_key
from signet_common.messaging.rabbitmq_topology import PULSE_EXCHANGE, describe

_EXPIRATION_MS = "1000"

_logger = logging.getLogger(__name__)


class PulseChannel:
    """The pulses of `service`, beside its events. Lives in the link's I/O thread."""

    def __init__(self, service: str) -> None:
        self._key = pulse_key(service)
        self._beside: Any = None
        self._channel: Any = None

    def beat(self, events_channel: Any) -> None:
        """Send one pulse on the connection of `events_channel`; the first one on it opens a channel there."""
        if events_channel is not self._beside:
            self._beside, self._channel = events_channel, None
            events_channel.connection.channel(on_open_callback=self._opened)
        elif self._channel is not None:
            self._send()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._closed)
        self._send()

    def _send(self) -> None:
        if self._channel.is_open:
            self._channel.basic_publish(
                PULSE_EXCHANGE, self._key, b"", pika.BasicProperties(expiration=_EXPIRATION_MS), mandatory=False
            )

    @staticmethod
    def _closed(channel: Any, error: BaseException) -> None:
        if channel.connection.is_open:
            _logger.warning("the broker takes no pulses, so grants are trusted for less long: %s", describe(error))
