"""What the command line wires."""

import time
from pathlib import Path

from signet_gateway.adapters.inbound.key_verbs import KeyVerbs
from signet_gateway.adapters.outbound.key_file import KeyFile, KeyFileUnusable
from signet_gateway.application.key_ring import KeyRingError

KEY_REFUSALS = (KeyFileUnusable, KeyRingError)
"""What a verb may raise: an operator is told in one line."""


def key_verbs(file: Path) -> KeyVerbs:
    """The verbs for the sealing keys in a file, which may not be there yet."""
    return KeyVerbs(KeyFile(file), time.time)
