"""Watching the processes until the platform answers, and asking what is still on its way before it stops."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Event
from typing import Any

from deploy.local import addresses
from deploy.local.errors import StartFailed, Stopped
from deploy.local.supervision import FALLEN

READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Something that must answer 200 before the platform counts as ready."""

    name: str
    address: str
    path: str = "/readyz"


def wait(
    endpoints: Iterable[Endpoint],
    states: Callable[[], Mapping[str, str]],
    last_words: Callable[[str], str],
    stop: Event,
    seconds: float = READY_SECONDS,
) -> None:
    """Return when every endpoint answers and every process runs.

    Raises StartFailed as soon as a process falls or when time is up, Stopped when `stop` is set.
    """
    missing = list(endpoints)
    deadline = time.monotonic() + seconds
    while True:
        found = states()
        for name, state in sorted(found.items()):
            if state in FALLEN:
                raise StartFailed(f"{name} stopped at its start: {last_words(name) or 'it said nothing'}")
        problems = {endpoint: problem for endpoint in missing if (problem := _problem(endpoint))}
        missing = list(problems)
        starting = [name for name, state in found.items() if state != "RUNNING"]
        if not missing and found and not starting:
            return
        if stop.is_set():
            raise Stopped
        if time.monotonic() > deadline:
            raise StartFailed(f"not ready after {seconds:.0f} s: {_first(problems, starting)}")
        time.sleep(0.05)


def pending_events(address: str) -> int:
    """How many events of the service at `address` are not on the bus yet; 0 if it cannot tell."""
    _, answer = _get(Endpoint("", address))
    try:
        found = re.search(r"\bpending=(\d+)", answer["checks"]["outbox"]["detail"])
    except (KeyError, TypeError):
        return 0
    return int(found[1]) if found else 0


def _problem(endpoint: Endpoint) -> str:
    """Why an endpoint is not ready, in words; empty if it is."""
    status, answer = _get(endpoint)
    if status == 200:
        return ""
    checks = answer.get("checks") if isinstance(answer, dict) else None
    failed = [
        name for name, check in (checks or {}).items() if isinstance(check, dict) and check.get("status") == "failed"
    ]
    return f"{endpoint.name} says that {', '.join(failed)} failed" if failed else f"{endpoint.name} does not answer"


def _get(endpoint: Endpoint) -> tuple[int, Any]:
    connection = HTTPConnection("localhost")
    try:
        connection.sock = addresses.connect(endpoint.address, 5)
        connection.request("GET", endpoint.path)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    except (OSError, HTTPException, ValueError):
        return 0, {}
    finally:
        connection.close()


def _first(problems: Mapping[Endpoint, str], starting: list[str]) -> str:
    return next(iter(problems.values()), "") or f"{', '.join(starting) or 'supervisord'} is not running"
