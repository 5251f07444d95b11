"""Logging of a process: JSON lines on standard error, one object a line, for machines first.

Fields: `time` (RFC 3339, UTC, milliseconds), `level`, `service`, `logger`, `message`, and where they are known
`request_id`, `trace_id` and `exception` (the whole traceback as one text). Headers and bodies have no place in a
message: nothing here could tell a secret from a word.
"""

import json
import logging
from datetime import UTC, datetime
from logging.config import dictConfig
from typing import Any

from signet_common.observability.context import REQUEST_ID, current_trace_id


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": rfc3339(record.created),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": _message(record),
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        if trace_id := current_trace_id():
            line["trace_id"] = trace_id
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line)


def configure_logging(service: str, level: str = "INFO") -> None:
    """Send every logger's records of `level` and above to standard error as JSON lines.

    May be called again: the last call counts. Raises ValueError for an unknown level.
    """
    if level not in logging.getLevelNamesMapping():
        raise ValueError(f"{level!r} is not a log level")
    dictConfig(logging_config(service, level))


def logging_config(service: str, level: str) -> dict[str, Any]:
    """Return the `logging.config` dictionary of a process."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines, "service": service}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": level, "handlers": ["stderr"]},
        # pika logs a traceback per lost connection; the bus says once per outage what that means.
        "loggers": {"pika": {"level": "CRITICAL"}},
    }


def rfc3339(timestamp: float) -> str:
    """Return seconds since the epoch as UTC text with milliseconds, `2026-01-31T12:00:00.123Z`."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    """Return the message; arguments that do not fit their format must not cost the line."""
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args!r}"
