"""Trackers and storages that belong together."""

from types import TracebackType
from typing import Self

from signet_fastdfs.testing.storage import Storage
from signet_fastdfs.testing.tracker import Tracker
from signet_fastdfs.wire import Address


class Cluster:
    """So many trackers and storages, the storages in `group1` and all knowing the same files; a context manager.

    `keeps_data=False` makes storages count and forget what is uploaded, and hand out zero bytes: for sizes that no
    test should hold in memory.
    """

    def __init__(self, *, trackers: int = 1, storages: int = 1, keeps_data: bool = True) -> None:
        first = Storage(keeps_data=keeps_data)
        self.all_storages = [first, *(Storage(files=first.files, keeps_data=keeps_data) for _ in range(1, storages))]
        self.all_trackers = [Tracker(self.all_storages) for _ in range(trackers)]

    @property
    def tracker(self) -> Tracker:
        """The first tracker."""
        return self.all_trackers[0]

    @property
    def storage(self) -> Storage:
        """The first storage."""
        return self.all_storages[0]

    @property
    def trackers(self) -> list[Address]:
        """What a client is given."""
        return [each.address for each in self.all_trackers]

    def __enter__(self) -> Self:
        for peer in (*self.all_storages, *self.all_trackers):
            peer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for peer in (*self.all_trackers, *self.all_storages):
            peer.stop()
