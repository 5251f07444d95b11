"""The access log: one JSON line a request, buffered, in the process that faces the clients.

A line costs a few microseconds because it only joins a list; the list is written whole when it has grown, each
second, and at exit. A process that is killed loses at most its last second: the access log is for operators, the
audit log is the proof.
"""

import atexit
import logging
import os
import sys
import threading
import time
from pathlib import Path

import orjson

_LOGGER = logging.getLogger(__name__)
_FLUSH_BYTES = 32 * 1024
_FLUSH_SECONDS = 1.0


class AccessLog:
    """Appends lines to a file, or to standard output for "-".

    Several processes may append to one file: every write is whole lines under O_APPEND. A file that was moved away
    (logrotate) is opened anew at the next flush. A disk that is full costs lines, never requests.
    The writing thread starts with the first line, so an instance may be made before a fork.
    """

    def __init__(self, path: str, flush_seconds: float = _FLUSH_SECONDS) -> None:
        self._path = path
        self._flush_seconds = flush_seconds
        self._lines: list[bytes] = []
        self._size = 0
        self._descriptor: int | None = None
        self._failing = False
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._flusher: threading.Thread | None = None
        self._second = -1
        self._second_text = ""

    def write(
        self,
        *,
        request_id: str,
        trace_id: str,
        client_ip: str,
        user_id: int | None,
        method: str,
        target: str,
        status: int,
        return_code: int,
        bytes_sent: int,
        seconds: float,
    ) -> None:
        """Add one line. `seconds` is what the request took; `target` must hold no secret."""
        line = orjson.dumps(
            {
                "time": self._now(),
                "request_id": request_id,
                "trace_id": trace_id,
                "client_ip": client_ip,
                "user_id": user_id,
                "method": method,
                "target": target,
                "status": status,
                "return_code": return_code,
                "bytes_sent": bytes_sent,
                "ms": round(seconds * 1000, 2),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        self._lines.append(line)
        self._size += len(line)
        if self._flusher is None:
            self._start()
        if self._size >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what has been gathered. Never raises: see the class."""
        with self._writing:
            lines, self._lines, self._size = self._lines, [], 0
            if not lines:
                return
            try:
                _write_all(self._open(), b"".join(lines))
                self._failing = False
            except OSError as error:
                if not self._failing:
                    _LOGGER.warning("access log %s cannot be written, lines are lost: %s", self._path, error.strerror)
                self._failing = True

    def close(self) -> None:
        """Flush and let go of the file. A line written afterwards is lost."""
        self._closed.set()
        self.flush()
        with self._writing:
            if self._descriptor is not None and self._path != "-":
                os.close(self._descriptor)
            self._descriptor = None
        atexit.unregister(self.flush)

    def _start(self) -> None:
        self._flusher = threading.Thread(target=self._flush_regularly, name="access-log", daemon=True)
        self._flusher.start()
        atexit.register(self.flush)

    def _flush_regularly(self) -> None:
        while not self._closed.wait(self._flush_seconds):
            self.flush()

    def _open(self) -> int:
        if self._path == "-":
            return sys.stdout.fileno()
        if self._descriptor is not None and not self._moved(self._descriptor):
            return self._descriptor
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._descriptor

    def _moved(self, descriptor: int) -> bool:
        """Say whether the path no longer leads to the open file."""
        try:
            return not os.path.samestat(os.fstat(descriptor), Path(self._path).stat())
        except FileNotFoundError:
            return True

    def _now(self) -> str:
        """Return the time as RFC 3339 with milliseconds; the second's text is made once a second."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._second_text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{int((now - second) * 1000):03d}Z"


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
