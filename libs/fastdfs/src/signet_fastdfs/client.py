"""The client: one method per thing that can be done with a file."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from signet_fastdfs import metadata, replies
from signet_fastdfs.deadline import Deadline
from signet_fastdfs.downloads import Download, Writable
from signet_fastdfs.errors import BadArgument
from signet_fastdfs.exchanges import Exchanges
from signet_fastdfs.pool import Pool
from signet_fastdfs.replies import FileInfo
from signet_fastdfs.sources import Source, content
from signet_fastdfs.trackers import Trackers, addresses_of
from signet_fastdfs.wire import Address, Command, FileName, number

STRAY_AFTER_NOTHING = 60
"""Appending no bytes is answered with a body of this size that means nothing."""


class Client:
    """A FastDFS cluster. Share one between threads and greenlets; it opens connections as they are needed.

    `timeout` bounds a whole operation in seconds, and each method takes its own for large files; `connect_timeout` is
    the share of one connection, or of one tracker's answer. `storage_wait` is how long to go on asking while no tracker
    knows a storage: one that has restarted waits for a heartbeat of theirs, 30 s by default. `max_idle` connections
    are kept per server; one idle for `check_after` seconds is asked whether it is alive before it is used again.
    """

    def __init__(
        self,
        trackers: Sequence[Address | str],
        *,
        timeout: float = 60.0,
        connect_timeout: float = 5.0,
        storage_wait: float = 45.0,
        max_idle: int = 8,
        check_after: float = 10.0,
    ) -> None:
        self._timeout = timeout
        self._pool = Pool(connect_timeout=connect_timeout, max_idle=max_idle, check_after=check_after)
        addresses = addresses_of(trackers)
        self._exchanges = Exchanges(
            self._pool, Trackers(addresses, self._pool, slice_seconds=connect_timeout, storage_wait=storage_wait)
        )

    def upload(
        self,
        source: Source,
        size: int | None = None,
        *,
        extension: str = "",
        group: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Store a file and return its id. `size` is needed for streams; an upload that breaks leaves no file."""
        deadline = self._deadline(timeout)
        return self._exchanges.upload(Command.UPLOAD, content(source, size, deadline), extension, group, deadline)

    def upload_appender(
        self,
        source: Source = b"",
        size: int | None = None,
        *,
        extension: str = "",
        group: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Store a file that can be appended to, modified and truncated, and return its id."""
        deadline, command = self._deadline(timeout), Command.UPLOAD_APPENDER
        return self._exchanges.upload(command, content(source, size, deadline), extension, group, deadline)

    def append(self, file_id: str, source: Source, size: int | None = None, *, timeout: float | None = None) -> None:
        """Add to the end of an appender. Raises BadArgument for a file that is none."""
        file, deadline = FileName.parse(file_id), self._deadline(timeout)
        data = content(source, size, deadline)
        head = number(len(file.name)) + number(data.size) + file.name.encode()
        sizes = replies.EMPTY if data.size else (0, STRAY_AFTER_NOTHING)
        self._exchanges.change(Command.APPEND, file, head, sizes=sizes, deadline=deadline, data=data)

    def modify(
        self, file_id: str, offset: int, source: Source, size: int | None = None, *, timeout: float | None = None
    ) -> None:
        """Overwrite part of an appender, from `offset`. Raises BadArgument for a file that is none."""
        file, deadline = FileName.parse(file_id), self._deadline(timeout)
        data = content(source, size, deadline)
        head = number(len(file.name)) + number(offset, "offset") + number(data.size) + file.name.encode()
        self._exchanges.change(Command.MODIFY, file, head, sizes=replies.EMPTY, deadline=deadline, data=data)

    def truncate(self, file_id: str, size: int = 0, *, timeout: float | None = None) -> None:
        """Give an appender another size. Raises BadArgument for a file that is none."""
        file = FileName.parse(file_id)
        body = number(len(file.name)) + number(size, "size") + file.name.encode()
        self._exchanges.change(Command.TRUNCATE, file, body, sizes=replies.EMPTY, deadline=self._deadline(timeout))

    def regenerate(self, file_id: str, *, timeout: float | None = None) -> str:
        """Turn an appender into a normal file and return the id that it has from now on."""
        file = FileName.parse(file_id)
        deadline, sizes = self._deadline(timeout), replies.FILE_SIZES
        return replies.file_id(
            self._exchanges.change(Command.REGENERATE, file, file.name.encode(), sizes=sizes, deadline=deadline)
        )

    def download(
        self, file_id: str, offset: int = 0, length: int | None = None, *, timeout: float | None = None
    ) -> Download:
        """Start to read a file, or `length` bytes of it, from `offset`; what lies beyond its end is cut off.

        Raises NotFound, and BadArgument for an offset at or behind the end (an empty file read from 0 is empty).
        """
        if length is not None and length < 1:
            raise BadArgument("the length of a part is at least 1")
        file, deadline = FileName.parse(file_id), self._deadline(timeout)
        body = number(offset, "offset") + number(length or 0, "length") + file.body
        try:
            return self._exchanges.download(file, body, length, deadline)
        except BadArgument:
            # The server has no other answer for a file that is empty.
            if offset or self._info(file, deadline).size:
                raise
            return Download(0, None, self._pool, deadline)

    def download_to(
        self,
        file: Writable,
        file_id: str,
        offset: int = 0,
        length: int | None = None,
        *,
        timeout: float | None = None,
    ) -> int:
        """Write a file, or a part of it, to a file object; returns the number of bytes. Raises as `download`."""
        return self.download(file_id, offset, length, timeout=timeout).write_to(file)

    def delete(self, file_id: str, *, timeout: float | None = None) -> None:
        """Remove a file and its metadata. Raises NotFound."""
        file = FileName.parse(file_id)
        self._exchanges.change(Command.DELETE, file, file.body, sizes=replies.EMPTY, deadline=self._deadline(timeout))

    def set_metadata(self, file_id: str, values: Mapping[str, str], *, timeout: float | None = None) -> None:
        """Replace all metadata of a file; an empty mapping removes it. Raises NotFound."""
        self._put_metadata(b"O", file_id, values, timeout)

    def merge_metadata(self, file_id: str, values: Mapping[str, str], *, timeout: float | None = None) -> None:
        """Add to the metadata of a file, replacing the keys that it has. Raises NotFound."""
        self._put_metadata(b"M", file_id, values, timeout)

    def get_metadata(self, file_id: str, *, timeout: float | None = None) -> dict[str, str]:
        """The metadata of a file, sorted by key. Raises NotFound where there is none: no file, or none of it."""
        file, deadline = FileName.parse(file_id), self._deadline(timeout)
        sizes = range(metadata.LARGEST_METADATA + 1)
        return metadata.decoded(self._exchanges.query(Command.GET_METADATA, file, sizes, deadline))

    def info(self, file_id: str, *, timeout: float | None = None) -> FileInfo:
        """Size, time, checksum and origin of a file. Raises NotFound."""
        return self._info(FileName.parse(file_id), self._deadline(timeout))

    def check(self, *, timeout: float | None = None) -> None:
        """Raise unless a tracker answers and a storage that would take a file lets itself be reached."""
        self._exchanges.reach(self._deadline(timeout))

    def close(self) -> None:
        """Close the idle connections; those in use close when they come back."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put_metadata(self, how: bytes, file_id: str, values: Mapping[str, str], timeout: float | None) -> None:
        file, data = FileName.parse(file_id), metadata.encoded(values)
        body = number(len(file.name)) + number(len(data)) + how + file.body + data
        self._exchanges.change(Command.SET_METADATA, file, body, sizes=replies.EMPTY, deadline=self._deadline(timeout))

    def _info(self, file: FileName, deadline: Deadline) -> FileInfo:
        return replies.file_info(self._exchanges.query(Command.QUERY_FILE_INFO, file, replies.INFO_SIZES, deadline))

    def _deadline(self, timeout: float | None) -> Deadline:
        return Deadline(self._timeout if timeout is None else timeout)
