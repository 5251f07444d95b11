"""The Gunicorn worker of every web process: gevent, and an HTTP/1 parser that refuses what it could misread.

Use it as `worker_class = "signet_common.web.strict_worker.StrictWorker"`. It differs from Gunicorn's `gevent_pywsgi`:

- heads are parsed by `http_framing` before any application code runs, and refused with an envelope of code 400001;
- bodies come through `http_body`, answers leave through `http_response`;
- every wait for a client has a time limit (`http_connection`);
- on SIGTERM requests in flight are finished and idle connections closed at once;
- on SIGHUP the application's `reload()` runs beside the requests, where it has one (`reload_in_place` sends it there).

TLS ends in front of it.
"""

import signal
import socket
from functools import partial
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool
from gunicorn.arbiter import Arbiter
from gunicorn.http.wsgi import base_environ
from gunicorn.workers.ggevent import GeventPyWSGIWorker, PyWSGIServer

from signet_common.web.http_connection import ClientConnection, TimeLimits
from signet_common.web.http_fields import Limits
from signet_common.web.http_response import HttpDate
from signet_common.web.request_handler import RequestHandler

_HEARTBEAT_SECONDS = 1.0
_DRAIN_SECONDS = 0.02
_SEND_BUFFER_BYTES = 524_288
"""What the kernel holds of an answer in a unix socket. By default a piece of a stream does not fit, and takes two
turns; TCP finds its own size."""


class StrictServer(PyWSGIServer):  # type: ignore[misc]
    """Accepts connections and knows them, so that it can end the idle ones."""

    def __init__(self, listener: Any, *, limits: Limits, times: TimeLimits, **options: Any) -> None:
        super().__init__(listener, **options)
        self.limits = limits
        self.times = times
        self.date = HttpDate()
        self.draining = False
        self.connections: set[ClientConnection] = set()

    def handle(self, client: Any, address: Any) -> None:
        """Serve a connection until it ends; runs in a greenlet of its own."""
        if client.family == socket.AF_UNIX:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        connection = ClientConnection(client, self.times)
        self.connections.add(connection)
        try:
            RequestHandler(connection, address, self).serve()
        finally:
            self.connections.discard(connection)
            client.close()

    def drain(self) -> None:
        """Take what has already connected, then no more."""
        self.draining = True
        while not self.full() and (accepted := self.do_read()):
            self.do_handle(*accepted)
        self.close()

    def close_idle(self) -> None:
        """End the connections that wait for a request and have none coming."""
        for connection in list(self.connections):
            connection.close_if_idle()


class StrictWorker(GeventPyWSGIWorker):  # type: ignore[misc]
    """See the module."""

    def init_signals(self) -> None:
        self._stopping = Event()
        self._loop = gevent.get_hub().loop
        self._reloading = BoundedSemaphore()
        super().init_signals()
        signal.signal(signal.SIGHUP, self.handle_reload)
        signal.siginterrupt(signal.SIGHUP, False)

    def load_wsgi(self) -> None:
        """Load the application. One that exits has said why: end the arbiter too, which would start it for ever."""
        try:
            super().load_wsgi()
        except SystemExit:
            raise SystemExit(Arbiter.APP_LOAD_ERROR) from None

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: leave the heartbeat's sleep at once. Runs inside a signal handler, where an Event is not safe."""
        super().handle_exit(sig, frame)
        self._loop.run_callback_threadsafe(self._stopping.set)

    def handle_reload(self, sig: int, frame: Any) -> None:  # noqa: ARG002
        """SIGHUP: reload in a greenlet of its own."""
        self._loop.run_callback_threadsafe(gevent.spawn, self._reload)

    def _reload(self) -> None:
        """One after the other: the last one reads what is newest."""
        reload = getattr(self.wsgi, "reload", None)
        if reload is None:
            return
        with self._reloading:
            try:
                reload()
            except Exception:  # what is served goes on being served
                self.log.exception("the application could not reload")

    def run(self) -> None:
        """Serve until told to stop, beating for the arbiter; then drain within `graceful_timeout`."""
        servers = [self._serve(listener) for listener in self.sockets]
        while self.alive:
            self.notify()
            self._stopping.wait(_HEARTBEAT_SECONDS)
        for server in servers:
            server.drain()
        with gevent.Timeout(self.cfg.graceful_timeout, False):
            while any(server.connections or len(server.pool) for server in servers):
                self.notify()
                for server in servers:
                    server.close_idle()
                gevent.sleep(_DRAIN_SECONDS)
            return
        self.log.warning("%d requests were not finished in time", sum(len(server.pool) for server in servers))
        for server in servers:
            server.stop(timeout=0)

    def _serve(self, listener: Any) -> StrictServer:
        listener.setblocking(1)
        environ = base_environ(self.cfg) | {
            "wsgi.multithread": True,
            "SERVER_SOFTWARE": "signet",
            "SERVER_NAME": _server_name(listener),  # pywsgi would ask the DNS
        }
        server = StrictServer(
            listener,
            limits=Limits(
                request_line=self.cfg.limit_request_line,
                fields=self.cfg.limit_request_fields,
                field_size=self.cfg.limit_request_field_size,
            ),
            times=TimeLimits(idle=float(self.cfg.keepalive)),
            application=self.wsgi,
            spawn=Pool(self.worker_connections),
            log=self.log,
            environ=environ,
        )
        server.start()
        return server


def _server_name(listener: Any) -> str:
    address = listener.getsockname()
    return str(address[0]) if isinstance(address, tuple) else "localhost"


def reload_in_place(arbiter: Any) -> None:
    """Make SIGHUP to the arbiter reload the application in its workers, instead of replacing the workers.

    Call it from Gunicorn's `when_ready`. No connection is closed, and what cannot be reloaded ends nothing.
    """
    arbiter.handle_hup = partial(arbiter.kill_workers, signal.SIGHUP)
