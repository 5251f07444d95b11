"""The yardstick: a bare application under Gunicorn's own gevent_pywsgi worker, behind the same nginx.

What remains of the platform's figures beyond these is what signatures, permissions, storage and the audit trail cost.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from deploy.local import nginx
from tests.bench.accounting import Root, Trees

from signet_testing.free_ports import LOOPBACK, free_ports
from signet_testing.nginx import NginxServer
from signet_testing.process import ServerProcess

BODY = b'{"return_code":200,"return_msg":"","data":null}'
WITHOUT_LIMIT = (f"rate={nginx.LIMITS['requests_per_second']}r/s", "rate=1000000r/s")


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer an empty envelope."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))])
    return (BODY,)


@contextmanager
def running(folder: Path, root: Path) -> Iterator[tuple[str, Trees]]:
    """Yield its URL and its processes."""
    public, behind = free_ports(2)
    gunicorn = ServerProcess(
        name="hello",
        command=(
            sys.executable, "-m", "gunicorn", "--worker-class", "gevent_pywsgi", "--no-control-socket",
            "--log-level", "warning", "--bind", f"{LOOPBACK}:{behind}", "tests.bench.hello:application",
        ),
        log=folder / "hello.log",
        folder=root,
    )  # fmt: skip
    with ExitStack() as stack:
        gunicorn.start(lambda: _answers(behind))
        stack.callback(gunicorn.stop)
        # The same nginx in everything but its limit, which would refuse a part of what so little work can answer.
        configuration = nginx.configuration(public, behind).replace(*WITHOUT_LIMIT)
        front = stack.enter_context(NginxServer(configuration, public))
        yield front.url, {"hello": Root(gunicorn.pid), "nginx": Root(front.pid)}


def _answers(port: int) -> bool:
    connection = HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
