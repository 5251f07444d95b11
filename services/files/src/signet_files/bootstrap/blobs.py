"""The store of blobs that BLOBS_URL names."""

from pathlib import Path

from signet_fastdfs import Client
from signet_files.adapters.outbound.fastdfs_blobs import FastDfsBlobs
from signet_files.adapters.outbound.local_blobs import LocalBlobs, Run
from signet_files.application.storage import BlobStore


def open_blobs(url: str, run: Run) -> BlobStore:
    """The store; nothing is connected or made yet. `url` is one that the settings have let in."""
    scheme, _, rest = url.partition(":")
    if scheme == "fdfs":
        return FastDfsBlobs(Client(rest.removeprefix("//").split(",")))
    return LocalBlobs(Path(rest), run)
