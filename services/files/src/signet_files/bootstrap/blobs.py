"""The store of blobs that FILES_BLOBS_URL names."""

from pathlib import Path

from signet_fastdfs import Client
from signet_files.adapters.outbound.disk_threads import Start
from signet_files.adapters.outbound.fastdfs_blobs import FastDfsBlobs
from signet_files.adapters.outbound.local_blobs import LocalBlobs
from signet_files.application.storage import BlobStore

STORAGE_WAIT = 5.0
"""Seconds in which a request waits for a tracker that knows no storage; one that restarted needs longer, and whoever
asks is better told so."""


def open_blobs(url: str, start: Start) -> BlobStore:
    """The store; nothing is connected or made yet. `url` is one that the settings have let in."""
    scheme, _, rest = url.partition(":")
    if scheme == "fdfs":
        return FastDfsBlobs(Client(rest.removeprefix("//").split(","), storage_wait=STORAGE_WAIT))
    return LocalBlobs(Path(rest), start)
