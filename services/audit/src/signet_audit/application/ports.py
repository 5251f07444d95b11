"""What writing the audit log needs from the outside."""

from collections.abc import Sequence
from typing import Protocol

from signet_audit.domain.records import Record


class LogUnavailable(Exception):
    """The log cannot be written at the moment; that is not the records' fault."""


class RecordLog(Protocol):
    """The log that only grows."""

    def append(self, records: Sequence[Record]) -> None:
        """Add, in one transaction, every record whose `event_id` is not in the log. Raises LogUnavailable."""
        ...
