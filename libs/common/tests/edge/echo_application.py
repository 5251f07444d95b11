"""The application behind the worker in these tests: says what it was given, or misbehaves on demand."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

Environ = dict[str, Any]
Start = Callable[..., Callable[[bytes], object]]


class Application:
    """Remembers what it was called for, and what was refused before it."""

    def __init__(self) -> None:
        self._calls: list[str] = []
        self._refused: list[Any] = []

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/refused":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self._refused).encode()]
        self._calls.append(environ["PATH_INFO"])
        route = _ROUTES.get(environ["PATH_INFO"], _echo)
        return route(environ, start_response, self._calls)

    def refused_head(self, refused: Any) -> None:
        self._refused.append(asdict(refused))


def create() -> Application:
    return Application()


def misconfigured() -> Callable[[Environ, Start], Iterable[bytes]]:
    """Do what an entry point does when a setting is missing."""
    sys.stderr.write("RESOURCES_DATABASE_URL is missing\n")
    sys.exit(2)


def _echo(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    said = {key: value for key, value in environ.items() if isinstance(value, str)}
    answer = json.dumps({"environ": said, "body": body.decode("latin-1"), "calls": len(calls)}).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [answer]


def _ignores_body(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"no\n"]


def _swallows_body_errors(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    try:
        environ["wsgi.input"].read()
    except OSError:
        start_response("200 OK", [("Content-Length", "9"), ("X-Request-ID", "told-by-the-application")])
        return [b"all fine\n"]
    start_response("200 OK", [("Content-Length", "3")])
    return [b"ok\n"]


def _lines(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    lines = [line.decode("latin-1") for line in environ["wsgi.input"]]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(lines).encode()]


def _streams(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return (piece for piece in (b"one", b"", b"two"))


def _breaks_stream(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise RuntimeError("the disk is gone")

    start_response("200 OK", [])
    return pieces()


def _fails(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    raise FileNotFoundError("an error of the application, not of the connection")


def _splits_header(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    start_response("200 OK", [("X-Name", "a\r\nSet-Cookie: b=c")])
    return [b""]


def _promises_too_much(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "10")])
    return [b"short"]


def _held(environ: Environ, start_response: Start, calls: list[str]) -> Iterable[bytes]:
    folder = Path(environ["QUERY_STRING"])
    (folder / "entered").touch()
    while not (folder / "released").exists():
        time.sleep(0.01)
    return _echo(environ, start_response, calls)


_ROUTES = {
    "/ignores-body": _ignores_body,
    "/swallows-body-errors": _swallows_body_errors,
    "/lines": _lines,
    "/streams": _streams,
    "/breaks-stream": _breaks_stream,
    "/fails": _fails,
    "/splits-header": _splits_header,
    "/promises-too-much": _promises_too_much,
    "/held": _held,
}
