"""The scheduler in a few lines: a run goes one step further each time that its log is read."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from libs.client.tests.exchanges import Received, Reply

NOW = "2026-01-01T00:00:00Z"
STATES = ("waiting", "running", "running", "succeeded")
JOB = {
    "job_name": "drill",
    "summary": "Do nothing.",
    "arguments": {"type": "object", "properties": {"seconds": {"type": "integer"}}},
    "schedule": {"cron": "40 3 * * *", "time_zone": "UTC"},
    "time_limit_seconds": 660.0,
    "max_attempts": 3,
    "overlap": "allow",
    "missed": "run_once",
    "catch_up_seconds": 86400.0,
    "idempotent": True,
}
LINES = ((1, "one"), (1, "\x1b[31mtwo"), (2, "three"))
"""Attempt and text; the second one wants to paint the terminal."""


class FakeScheduler:
    """Keeps runs and schedules in memory. `states` is what a run goes through, one a look at its log."""

    def __init__(self) -> None:
        self.runs: dict[int, dict[str, Any]] = {}
        self.schedules: dict[int, dict[str, Any]] = {}
        self.states: tuple[str, ...] = STATES
        self.looks: dict[int, int] = {}
        self.asked: list[Received] = []
        self.shows_schedules = True
        self.lines: tuple[tuple[int, str], ...] = LINES

    def add_run(self, state: str = "waiting", **other: object) -> int:
        """Put a run down, and return its id."""
        run_id = len(self.runs) + 1
        run = {"run_id": run_id, "job_name": "drill", "run_state": state, "arguments": {}, "attempts": 0}
        run |= {"max_attempts": 3, "cancel_asked": False, "version": 1, "created_at": NOW, "requested_by_name": "ann"}
        self.runs[run_id] = run | other
        return run_id

    def add_schedule(self, **other: object) -> int:
        """Keep a schedule, and return its id."""
        schedule_id = len(self.schedules) + 1
        schedule = {"schedule_id": schedule_id, "schedule_name": "nightly", "job_name": "drill", "cron": "0 3 * * *"}
        schedule |= {"time_zone": "UTC", "arguments": {}, "schedule_state": "active", "declared": False}
        schedule |= {"version": 1, "created_at": NOW, "next_at": "2026-01-02T03:00:00Z"}
        self.schedules[schedule_id] = schedule | other
        return schedule_id

    def __call__(self, request: Received) -> Reply:
        """Answer one request, of whoever."""
        self.asked.append(request)
        target = urlsplit(request.target)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        path = target.path.removeprefix("/api/v1/")
        for pattern, answer in self._routes().items():
            if found := re.fullmatch(pattern, f"{request.method} {path}"):
                return answer(request, query, *found.groups())
        return Reply(code=404001)

    def _routes(self) -> dict[str, Callable[..., Reply]]:
        return {
            "GET jobs": lambda *_: Reply({"jobs": [JOB, JOB | {"job_name": "send-mail", "schedule": None}]}),
            "GET jobs/drill": lambda *_: Reply(JOB),
            "GET jobs/drill/runs": lambda *_: Reply(_page("runs", list(self.runs.values()))),
            "GET jobs/nowhere/runs": lambda *_: Reply(code=404001, message="there is no job nowhere"),
            "POST jobs/drill/run": self._run,
            "GET runs": lambda *_: Reply(_page("runs", list(self.runs.values()))),
            "GET runs/([0-9]+)": self._one,
            "GET runs/([0-9]+)/log": self._log,
            "POST runs/([0-9]+)/cancel": self._cancel,
            "POST runs/([0-9]+)/retry": self._retry,
            "GET schedules": self._listed,
            "POST schedules": lambda request, _: Reply(self.schedules[self.add_schedule(**request.json)]),
            "GET schedules/([0-9]+)": lambda _, __, number: Reply(self.schedules[int(number)]),
            "PATCH schedules/([0-9]+)": self._change,
            "DELETE schedules/([0-9]+)": lambda *_: Reply(None),
        }

    def _run(self, request: Received, _: dict[str, str]) -> Reply:
        asked: Any = request.json
        if "weeks" in asked["arguments"]:
            fault = {"field": "arguments.weeks", "message": "Extra inputs are not permitted"}
            return Reply({"errors": [fault]}, 400002, "arguments.weeks: Extra inputs are not permitted")
        return Reply(self.runs[self.add_run(arguments=asked["arguments"])])

    def _one(self, _: Received, __: dict[str, str], number: str) -> Reply:
        attempt = {"attempt": 1, "worker": "w", "started_at": NOW, "ended_at": NOW, "outcome": "failed", "error": "no"}
        run = self.runs.get(int(number))
        return Reply(code=404001) if run is None else Reply(run | {"history": [attempt]})

    def _log(self, _: Received, query: dict[str, str], number: str) -> Reply:
        """One line a look, once it runs."""
        run, after = self.runs[int(number)], int(query["after"])
        look = self.looks[run["run_id"]] = self.looks.get(run["run_id"], -1) + 1
        if run["run_state"] in ("waiting", "running"):
            run["run_state"] = self.states[min(look, len(self.states) - 1)]
        ended = run["run_state"] not in ("waiting", "running")
        if ended:
            run |= {"started_at": NOW, "ended_at": "2026-01-01T00:00:02.5Z"}
        shown = self.lines[after:] if ended else self.lines[after : after + 1] if run["run_state"] == "running" else ()
        lines = [
            {"line": after + place, "attempt": attempt, "logged_at": NOW, "level": "INFO", "text": text}
            for place, (attempt, text) in enumerate(shown, start=1)
        ]
        return Reply({"lines": lines, "after": after + len(lines), "ended": ended})

    def _cancel(self, _: Received, __: dict[str, str], number: str) -> Reply:
        run = self.runs[int(number)]
        if run["run_state"] not in ("waiting", "running"):
            return Reply(code=409001, message=f"run {number} has been {run['run_state']} already")
        run |= {"run_state": "cancelled"} if run["run_state"] == "waiting" else {"cancel_asked": True}
        return Reply(run)

    def _retry(self, _: Received, __: dict[str, str], number: str) -> Reply:
        return Reply(self.runs[self.add_run(retry_of=int(number))])

    def _listed(self, _: Received, query: dict[str, str]) -> Reply:
        found = [
            schedule
            for schedule in self.schedules.values()
            if schedule["job_name"] == query.get("job_name", schedule["job_name"])
            and ("declared" not in query or schedule["declared"] is (query["declared"] == "true"))
        ]
        return Reply(_page("schedules", found)) if self.shows_schedules else Reply(code=403001)

    def _change(self, request: Received, _: dict[str, str], number: str) -> Reply:
        asked: Any = request.json
        schedule = self.schedules[int(number)]
        schedule |= asked
        schedule["next_at"] = None if schedule["schedule_state"] == "inactive" else "2026-01-02T03:00:00Z"
        return Reply(schedule)


def _page(plural: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {plural: items, "page": 1, "per_page": 100, "has_more": False}
