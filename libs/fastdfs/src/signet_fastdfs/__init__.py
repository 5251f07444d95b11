"""FastDFS over TCP: files in and out of trackers and storages, in constant memory and within a deadline."""

from signet_fastdfs.client import Client
from signet_fastdfs.downloads import Download
from signet_fastdfs.errors import (
    BadArgument,
    ConnectionLost,
    FastDfsError,
    NoSpace,
    NoStorage,
    NotFound,
    ProtocolError,
    ServerFailed,
    TimedOut,
    Unreachable,
)
from signet_fastdfs.replies import FileInfo
from signet_fastdfs.wire import Address

__all__ = [
    "Address",
    "BadArgument",
    "Client",
    "ConnectionLost",
    "Download",
    "FastDfsError",
    "FileInfo",
    "NoSpace",
    "NoStorage",
    "NotFound",
    "ProtocolError",
    "ServerFailed",
    "TimedOut",
    "Unreachable",
]
