"""Commands on a broker: one durable quorum queue that keeps nothing longer than each command says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from signet_common.messaging.command import Command, ReceivedCommand
from signet_common.messaging.rabbitmq_publisher import ConfirmedPublisher, Message
from signet_common.messaging.rabbitmq_queue import QueueReader
from signet_common.messaging.rabbitmq_topology import COMMANDS_EXCHANGE, COMMANDS_QUEUE, command_steps

PREFETCH = 20
CONTENT_TYPE = "application/json"


class RabbitCommandSender:
    """Fulfils the port `CommandSender` (publisher confirms, persistent, mandatory)."""

    def __init__(self, parameters: Any) -> None:
        self._publisher = ConfirmedPublisher(parameters, COMMANDS_EXCHANGE, command_steps())

    def publish(self, commands: Sequence[Command]) -> set[str]:
        """Return the ids of the commands that the queue holds, or has dropped because they are over."""
        return self._publisher.publish([_message(command) for command in commands])

    def close(self) -> None:
        self._publisher.close()


class RabbitCommandReceiver:
    """Fulfils the port `CommandReceiver`."""

    def __init__(self, parameters: Any) -> None:
        self._reader = QueueReader(parameters, COMMANDS_QUEUE, command_steps(), PREFETCH)

    def receive(self, limit: int, timeout: float) -> list[ReceivedCommand]:
        """Return commands in the order of sending; the broker hands out none that is over."""
        return [
            ReceivedCommand(delivery.position.message_id, delivery.routing_key, delivery.body, delivery.position)
            for delivery in self._reader.receive(limit, timeout)
        ]

    def acknowledge(self, commands: Sequence[ReceivedCommand]) -> None:
        self._reader.acknowledge([command.position for command in commands])

    def close(self) -> None:
        self._reader.close()


def _message(command: Command) -> Message:
    left = max(0, int((command.expires_at.timestamp() - time.time()) * 1000))
    return Message(command.command_id, command.name, command.body, CONTENT_TYPE, expiration=str(left))
