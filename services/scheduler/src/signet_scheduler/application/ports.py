"""What all intentions of this service need from the outside, in their own words."""

from collections.abc import Callable
from datetime import datetime

from signet_common.messaging.recording import Change
from signet_common.passport import Passport

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""
Record = Callable[[Change, Passport], None]
"""Puts something into the audit log by itself; returns once it is durable."""


class RowsUnavailable(Exception):
    """The database does not answer at the moment; nothing is known to have changed."""
