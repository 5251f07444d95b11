"""What can go wrong.

FastDfsError
├── BadArgument      refused here before anything was sent, or by the server (status 22): no retry helps
├── NotFound         the storage has no such file, or the file has no metadata
├── NoStorage        the trackers know of no active storage: unknown group, or a tracker that has just restarted
├── NoSpace          the storage is full (status 28)
├── ServerFailed     any other status; `status` is the errno
├── ProtocolError    the peer does not speak FastDFS: wrong command, impossible length, unreadable field
└── ConnectionLost   the peer closed, or reset; of a change nobody knows whether it was made
    ├── Unreachable  no connection could be made: nothing was sent
    └── TimedOut     the time of the operation ran out

A status of 2 is NotFound from a storage alone. From a tracker it is NoStorage: a tracker does not look for files, and
"no storage right now" must never be read as "your file is gone".
"""


class FastDfsError(Exception):
    """The root: whatever this package raises on purpose."""


class BadArgument(FastDfsError, ValueError):
    """What was asked for has no meaning on the wire or for this file."""


class NotFound(FastDfsError):
    """There is no such file, or the file has no metadata."""


class NoStorage(FastDfsError):
    """No tracker knows an active storage for this request."""


class NoSpace(FastDfsError):
    """The storage has no room for this."""


class ServerFailed(FastDfsError):
    """The server answered an error of its own; `status` is the errno."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ProtocolError(FastDfsError):
    """The peer answered what the protocol does not allow; its connection was closed."""


class ConnectionLost(FastDfsError):
    """The connection ended before the answer did."""


class Unreachable(ConnectionLost):
    """No connection could be made: nothing was sent."""


class TimedOut(ConnectionLost):
    """The operation took longer than it was given."""


NOT_FOUND, BAD_REQUEST, NO_SPACE = 2, 22, 28


def of_status(status: int, doing: str) -> FastDfsError:
    """The error for a status other than 0, which is an errno, from a storage."""
    kinds: dict[int, type[FastDfsError]] = {NOT_FOUND: NotFound, BAD_REQUEST: BadArgument, NO_SPACE: NoSpace}
    kind = kinds.get(status)
    return kind(f"{doing}: status {status}") if kind else ServerFailed(f"{doing}: status {status}", status=status)
