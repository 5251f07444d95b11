"""The yardstick: a bare application under Gunicorn's own gevent_pywsgi worker, behind the same nginx.

What remains of the platform's figures beyond these is what signatures, permissions, storage and the audit trail cost.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.bench import plain_proxy
from tests.bench.accounting import Root, Trees

from signet_testing.doors import Door, address_of
from signet_testing.process import ServerProcess
from signet_testing.raw_http import RawRequest, send

BODY = b'{"return_code":200,"return_msg":"","data":null}'


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer an empty envelope."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))])
    return (BODY,)


@contextmanager
def running(folder: Path, root: Path) -> Iterator[tuple[str, Trees]]:
    """Yield its URL and its processes."""
    behind = folder / "hello.sock"
    gunicorn = ServerProcess(
        name="hello",
        command=(
            sys.executable, "-m", "gunicorn", "--worker-class", "gevent_pywsgi", "--no-control-socket",
            "--log-level", "warning", "--bind", address_of(behind), "tests.bench.hello:application",
        ),
        log=folder / "hello.log",
        folder=root,
    )  # fmt: skip
    with ExitStack() as stack:
        gunicorn.start(lambda: _answers(behind))
        stack.callback(gunicorn.stop)
        front = stack.enter_context(plain_proxy.in_front_of(behind))
        yield front.url, {"hello": Root(gunicorn.pid), "nginx": Root(front.pid)}


def _answers(door: Door) -> bool:
    try:
        return send(door, RawRequest("GET", "/")).status == 200
    except OSError:
        return False
