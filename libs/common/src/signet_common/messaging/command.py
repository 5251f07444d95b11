"""Commands: what one process asks another to do, once, as in "send this mail".

An event tells everybody what happened and is kept; a command is for one receiver, may hold a secret, and is erased: by
its acknowledgement, or at the latest when its time is over, whether anybody received it or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """A command on its way. `name` says what to do (`mail.send`), `body` is JSON.

    From `expires_at` (UTC) on it is of no use to anybody, and whoever holds it drops it. The body is in no repr.
    """

    command_id: str
    name: str
    expires_at: datetime
    body: bytes = field(repr=False)

    @property
    def message_id(self) -> str:
        """What a bus confirms it by."""
        return self.command_id

    @property
    def ordering_key(self) -> str:
        """Commands have no order."""
        return ""


@dataclass(frozen=True, slots=True)
class ReceivedCommand:
    """A command as a bus handed it over, at least once: do it once per `command_id`.

    `position` belongs to the bus: it is what acknowledging needs.
    """

    command_id: str
    name: str
    body: bytes = field(repr=False)
    position: Any = field(default=None, repr=False)
