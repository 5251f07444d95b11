"""Log lines are JSON that machines can trust: always one line, always the ids, never a lost message."""

import json
import logging
import sys

import pytest

from signet_common.observability.context import REQUEST_ID
from signet_common.observability.logs import JsonLines, configure_logging, rfc3339
from signet_common.observability.tracing import configure_tracing


def line_of(record: logging.LogRecord) -> dict[str, str]:
    text = JsonLines("resources").format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def record_of(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("signet.test", logging.INFO, __file__, 1, message, arguments, None)


def test_a_record_becomes_one_line_of_json() -> None:
    """A message with line breaks must not look like two records."""
    line = line_of(record_of("one\n%s", "two"))
    assert line["message"] == "one\ntwo"
    assert (line["service"], line["logger"], line["level"]) == ("resources", "signet.test", "INFO")
    assert "request_id" not in line


def test_times_are_utc_with_milliseconds() -> None:
    """Lines of different machines must sort."""
    assert rfc3339(0.0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"


def test_lines_carry_the_ids_of_the_request_at_hand() -> None:
    """The ids are how a line is found from an answer or a trace."""
    token = REQUEST_ID.set("req-1")
    with configure_tracing("x", None).span("GET") as span:
        line = line_of(record_of("hello"))
    REQUEST_ID.reset(token)
    assert (line["request_id"], line["trace_id"]) == ("req-1", span.trace_id)
    assert "trace_id" not in line_of(record_of("later"))


def test_an_exception_is_one_field() -> None:
    """A traceback over twenty lines is twenty broken records."""
    record = record_of("failed")
    try:
        raise RuntimeError("the disk is gone")
    except RuntimeError:
        record.exc_info = sys.exc_info()
    assert "RuntimeError: the disk is gone" in line_of(record)["exception"]


def test_arguments_that_do_not_fit_cost_no_line() -> None:
    """A wrong format string shows up when something is wrong already."""
    assert line_of(record_of("%d files", "many"))["message"] == "%d files ('many',)"


def test_an_unknown_level_is_refused() -> None:
    """A misspelt setting must stop the process, not silence it."""
    with pytest.raises(ValueError, match="LOUD"):
        configure_logging("x", "LOUD")
