"""What is kept of the log of a run."""

import logging
from collections.abc import Iterator

import pytest

from signet_scheduler.application.run_log import MAX_CHARACTERS, RunLog, RunLogHandler, logging_to

logger = logging.getLogger("signet_scheduler.tests.run_log")


@pytest.fixture
def kept() -> Iterator[RunLog]:
    """The log of a run that this thread works for."""
    handler, log = RunLogHandler(), RunLog(1)
    logger.addHandler(handler)
    with logging_to(log):
        yield log
    logger.removeHandler(handler)


def deep(levels: int) -> None:
    """No two lines alike: Python shortens those that repeat."""
    if levels:
        (shallower if levels % 2 else deep)(levels - 1)
    else:
        raise KeyError("the very reason")


def shallower(levels: int) -> None:
    deep(levels)


def test_of_a_long_record_its_beginning_and_its_end_are_kept(kept: RunLog) -> None:
    """A traceback says what happened in its last line."""
    try:
        deep(60)
    except KeyError:
        logger.warning("the attempt has failed", exc_info=True)
    (line,) = kept.unsaved()
    assert line.text.startswith("the attempt has failed\nTraceback")
    assert line.text.endswith("KeyError: 'the very reason'")
    assert len(line.text) == MAX_CHARACTERS


def test_what_fits_is_kept_as_it_is(kept: RunLog) -> None:
    logger.warning("x" * MAX_CHARACTERS)
    assert [line.text for line in kept.unsaved()] == ["x" * MAX_CHARACTERS]


def test_what_no_engine_stores_is_spelled_out(kept: RunLog) -> None:
    """A file name that is no UTF-8 would keep all runs of the process from giving signs of life."""
    # Past the logger: pytest would report these lines, and such text does not travel between its processes.
    for text in ("cannot read " + b"scan-\xff\0.dcm".decode("utf-8", "surrogateescape"), "\udcff" * MAX_CHARACTERS):
        RunLogHandler().handle(logging.makeLogRecord({"msg": text, "levelname": "WARNING"}))
    lines = [line.text for line in kept.unsaved()]
    assert lines[0] == r"cannot read scan-\udcff\x00.dcm"
    assert lines[1] == (r"\udcff" * MAX_CHARACTERS)[:MAX_CHARACTERS]
