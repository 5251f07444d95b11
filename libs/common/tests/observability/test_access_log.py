"""The access log: whole lines, soon, in a file that may be moved, at no risk for the request."""

import json
import time
from pathlib import Path
from typing import Any

from signet_common.observability.access_log import AccessLog


def write_line(log: AccessLog, target: str = "/api/v1/demos") -> None:
    log.write(
        request_id="r",
        trace_id="t",
        client_ip="127.0.0.1",
        user_id=1,
        method="GET",
        target=target,
        status=200,
        return_code=200,
        bytes_sent=10,
        seconds=0.0123,
    )


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_says_what_happened(tmp_path: Path) -> None:
    """One JSON object, times in milliseconds."""
    log = AccessLog(str(tmp_path / "log"))
    write_line(log, 'quo"te')
    log.close()
    (line,) = lines_of(tmp_path / "log")
    assert (line["target"], line["ms"], line["status"]) == ('quo"te', 12.3, 200)
    assert line["time"].endswith("Z")


def test_lines_are_written_without_being_asked(tmp_path: Path) -> None:
    """An operator who tails the file sees a request within a second or so."""
    log = AccessLog(str(tmp_path / "log"), flush_seconds=0.05)
    write_line(log)
    deadline = time.monotonic() + 10
    while not ((tmp_path / "log").exists() and lines_of(tmp_path / "log")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(lines_of(tmp_path / "log")) == 1
    log.close()


def test_many_lines_do_not_wait_for_the_clock(tmp_path: Path) -> None:
    """Memory stays bounded under load."""
    log = AccessLog(str(tmp_path / "log"), flush_seconds=3600)
    for _ in range(500):
        write_line(log)
    assert len(lines_of(tmp_path / "log")) > 100
    log.close()
    assert len(lines_of(tmp_path / "log")) == 500


def test_a_file_that_was_moved_away_is_opened_anew(tmp_path: Path) -> None:
    """That is how logrotate works; no signal is needed."""
    log = AccessLog(str(tmp_path / "log"), flush_seconds=3600)
    write_line(log, "/old")
    log.flush()
    (tmp_path / "log").rename(tmp_path / "log.1")
    write_line(log, "/new")
    log.close()
    assert [line["target"] for line in lines_of(tmp_path / "log.1")] == ["/old"]
    assert [line["target"] for line in lines_of(tmp_path / "log")] == ["/new"]


def test_a_file_that_cannot_be_written_costs_no_request(tmp_path: Path) -> None:
    """A full disk is no reason to refuse; when it is mended, lines come again."""
    folder = tmp_path / "missing"
    log = AccessLog(str(folder / "log"), flush_seconds=3600)
    write_line(log, "/lost")
    log.flush()
    folder.mkdir()
    write_line(log, "/kept")
    log.close()
    assert [line["target"] for line in lines_of(folder / "log")] == ["/kept"]
