"""A FastDFS cluster in this process, for tests: it speaks the protocol as a real one does, and misbehaves when told to.

with Cluster() as cluster:
    client = Client(cluster.trackers)
    cluster.storage.misbehave(Close(after=10), command=Command.DOWNLOAD)
"""

from signet_fastdfs.testing.cluster import Cluster
from signet_fastdfs.testing.faults import (
    Close,
    Dribble,
    Fault,
    HangUpOnBody,
    LieAboutLength,
    Refuse,
    Replace,
    Stall,
    StopReading,
    StrayBody,
    StrayBytes,
    WrongCommand,
)
from signet_fastdfs.testing.storage import Storage
from signet_fastdfs.testing.tracker import Tracker
from signet_fastdfs.wire import Command

__all__ = [
    "Close",
    "Cluster",
    "Command",
    "Dribble",
    "Fault",
    "HangUpOnBody",
    "LieAboutLength",
    "Refuse",
    "Replace",
    "Stall",
    "StopReading",
    "Storage",
    "StrayBody",
    "StrayBytes",
    "Tracker",
    "WrongCommand",
]
