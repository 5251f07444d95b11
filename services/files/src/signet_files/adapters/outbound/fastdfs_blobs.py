"""Blobs in FastDFS, each an appender file: it has its name before it has a byte.

A storage alone makes names, and only by storing something. So an empty appender is made first, its name goes into a
row, and then the bytes are appended: a crash loses at most a file of no bytes, of whose name no row knows. FastDFS
cannot tell what it holds, so rows alone lead to orphans.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress

from signet_fastdfs import BadArgument, Client, Download, FastDfsError, NoSpace, NotFound
from signet_files.adapters.outbound.regrouping import batched
from signet_files.domain.errors import BlobMissing, StorageFull, StorageUnavailable

APPENDED_BYTES = 1_048_576
"""What one request appends: the protocol wants its length first, and each asks a tracker anew."""
SECONDS = 60.0
CHECK_SECONDS = 3.0
SLOWEST = 1_000_000
"""Bytes a second below which a storage that sends a blob counts as stuck, after those seconds."""


class FastDfsBlobs:
    """Fulfils the port `BlobStore`. Its sockets wait in gevent's loop where that is patched."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def new_name(self) -> str:
        """The id of an empty appender. Raises StorageFull, StorageUnavailable."""
        with _told():
            return self._client.upload_appender(b"", timeout=SECONDS)

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Append a blob to what has been made for it. Raises StorageFull, StorageUnavailable, what `pieces` raises."""
        try:
            self._require_empty(name)
            for batch in batched(pieces, APPENDED_BYTES):
                with _told():
                    # Never twice: of an append that was not answered nobody knows whether it was made.
                    self._client.append(name, b"".join(batch), timeout=SECONDS)
        except _Written:
            raise StorageUnavailable("a blob is written once") from None
        except Exception:
            with suppress(FastDfsError):
                self._client.delete(name, timeout=SECONDS)
            raise

    def read(self, name: str, offset: int, length: int) -> Generator[bytes, None, None]:
        """At most `length` bytes from `offset`. Raises BlobMissing, StorageUnavailable, also in the middle."""
        if length < 1:
            return
        with _told():
            download = self._download(name, offset, length)
        if download is None:
            return
        with download:
            while True:
                with _told():
                    piece = next(download, None)
                if piece is None:
                    return
                yield piece

    def delete(self, name: str) -> None:
        """Remove the blob; none is fine. Raises StorageUnavailable, also where no tracker knows a storage by now."""
        with _told(), suppress(NotFound):
            self._client.delete(name, timeout=SECONDS)

    def check(self) -> None:
        """A storage can be reached. Raises StorageUnavailable."""
        with _told():
            self._client.check(timeout=CHECK_SECONDS)

    def _require_empty(self, name: str) -> None:
        with _told():
            if self._client.info(name, timeout=SECONDS).size:
                raise _Written

    def _download(self, name: str, offset: int, length: int) -> Download | None:
        try:
            return self._client.download(name, offset, length, timeout=SECONDS + length / SLOWEST)
        except BadArgument:
            # The answer for an offset at the end or behind it, too.
            if offset < self._client.info(name, timeout=SECONDS).size:
                raise
            return None


class _Written(Exception):
    """There is something under the name already; it is not ours to remove."""


@contextmanager
def _told() -> Iterator[None]:
    """Errors of FastDFS as errors of this service. Never around what a caller's iterator raises."""
    try:
        yield
    except NotFound:
        raise BlobMissing("nothing is stored under this name") from None
    except NoSpace as failed:
        raise StorageFull("no room is left for files") from failed
    except FastDfsError as failed:
        raise StorageUnavailable(f"FastDFS fails: {type(failed).__name__}") from failed
