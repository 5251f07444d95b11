"""A run as it happens: its log on standard output, what becomes of it on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from signet.api.runs import LogLine, Run
from signet.cli.exit_codes import ExitCode
from signet.cli.output import note, plain, print_json
from signet.client import Client
from signet.errors import SignetError

PATIENCE_SECONDS = 10.0
"""A worker takes what waits within a second, unless it is busy or away."""
_STILL_WAITS = (
    "Does scheduler-background run, and scheduler-worker where there is a broker? "
    "What else is under way: signet jobs runs --state running"
)


def follow(client: Client, run: Run, *, as_json: bool, now: Callable[[], float] = time.monotonic) -> None:
    """Wait until the run has ended, and show its log meanwhile; in JSON, show the run when it has ended.

    Ends with a status of its own where the run did not succeed. Who is interrupted ends nothing but the waiting.
    """
    with _telling_how_to_go_on(run.run_id):
        ended = client.runs.wait(run.run_id) if as_json else _watched(client, run, now)
    if as_json:
        print_json(ended)
    else:
        note(_outcome(ended))
    _require_success(ended)


def print_whole_log(client: Client, run_id: int) -> None:
    """Wait until the run has ended, and show all that it has logged, in JSON. Ends as `follow` does."""
    with _telling_how_to_go_on(run_id):
        lines = [line for part in client.runs.follow(run_id) for line in part.lines]
        ended = client.runs.get(run_id)
    print_json({"lines": lines})
    _require_success(ended)


def print_line(line: LogLine) -> None:
    """Print one record of a log, and let it be seen at once.

    Its further lines are set in: none of them passes for another record.
    """
    head = f"{plain(line.logged_at)} {plain(line.level):7} "
    first, *others = line.text.split("\n")
    sys.stdout.write("".join([f"{head}{plain(first)}\n", *(f"{' ' * len(head)}{plain(other)}\n" for other in others)]))
    sys.stdout.flush()


def _require_success(ended: Run) -> None:
    if ended.run_state != "succeeded":
        raise typer.Exit(ExitCode.NOT_SUCCEEDED)


def _watched(client: Client, run: Run, now: Callable[[], float]) -> Run:
    note(f"Run {run.run_id} of {run.job_name} is {run.run_state}.")
    attempt, running = 0, run.run_state == "running"
    patient_until: float | None = now() + PATIENCE_SECONDS
    for part in client.runs.follow(run.run_id):
        if not running and not part.lines and not part.ended:
            running = client.runs.get(run.run_id).run_state == "running"
            if running:
                note(f"Run {run.run_id} is running.")
            elif patient_until is not None and now() >= patient_until:
                note(f"Run {run.run_id} still waits. {_STILL_WAITS}")
                patient_until = None
        for line in part.lines:
            if line.attempt > max(attempt, 1):
                note(f"Attempt {line.attempt} of {run.max_attempts}.")
            attempt = line.attempt
            print_line(line)
    return client.runs.get(run.run_id)


def _outcome(run: Run) -> str:
    took = ""
    if run.started_at and run.ended_at:
        took = f" after {(run.ended_at - run.started_at).total_seconds():.1f} s"
    why = "" if run.error is None else f": {run.error}"
    again = "" if run.run_state == "succeeded" else f" Once more: signet jobs retry {run.run_id}"
    return f"Run {run.run_id} {_ENDINGS.get(run.run_state, run.run_state)}{took}{why}.{again}"


_ENDINGS = {
    "cancelled": "was cancelled",
    "skipped": "was skipped",
    "interrupted": "was interrupted",
}


@contextmanager
def _telling_how_to_go_on(run_id: int) -> Iterator[None]:
    follow_it, end_it = f"signet jobs logs {run_id} --follow", f"signet jobs cancel {run_id}"
    how = f"Run {run_id} goes on. To follow it: {follow_it}; to end it: {end_it}"
    try:
        yield
    except KeyboardInterrupt:
        note(how)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except SignetError:
        note(how)
        raise
