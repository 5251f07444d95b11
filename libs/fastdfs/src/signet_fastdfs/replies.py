"""Reply bodies of fixed shape. A tracker that answers in IPv6 size sends 45-byte addresses in place of 15."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from signet_fastdfs import wire
from signet_fastdfs.errors import ProtocolError
from signet_fastdfs.wire import Address, FileName

STORE_SIZES = (40, 70)
FETCH_SIZES = (39, 69)
FILE_SIZES = (wire.GROUP_SIZE + wire.NAME_SIZE,)
INFO_SIZES = (40, 70)
EMPTY = (0,)


class Place(NamedTuple):
    """Where a tracker sends an upload: a group, one of its storages, and which of that storage's paths."""

    group: str
    address: Address
    path_index: int


@dataclass(frozen=True)
class FileInfo:
    """What a storage knows about a file; `crc32` is unsigned, as `zlib.crc32` gives it, and 0 for an appender."""

    size: int
    modified_at: datetime
    crc32: int
    source_ip: str


def place(body: bytes) -> Place:
    """Read the reply to STORE. Raises ProtocolError."""
    return Place(wire.unpadded(body[: wire.GROUP_SIZE], "group"), _address(body[wire.GROUP_SIZE : -1]), body[-1])


def server(body: bytes) -> Address:
    """Read the reply to FETCH and UPDATE. Raises ProtocolError."""
    return _address(body[wire.GROUP_SIZE :])


def file_id(body: bytes) -> str:
    """Read the reply to an upload. Raises ProtocolError."""
    group = wire.unpadded(body[: wire.GROUP_SIZE], "group")
    return str(FileName(group, wire.unpadded(body[wire.GROUP_SIZE :], "file name")))


def file_info(body: bytes) -> FileInfo:
    """Read the reply to QUERY_FILE_INFO. Raises ProtocolError."""
    size, modified, crc = (wire.NUMBER.unpack_from(body, at)[0] for at in (0, 8, 16))
    if size < 0:
        raise ProtocolError("the server sent a negative size")
    try:
        modified_at = datetime.fromtimestamp(modified, UTC)
    except (ValueError, OverflowError, OSError):
        raise ProtocolError("the server sent a time that is none") from None
    return FileInfo(size, modified_at, crc & 0xFFFFFFFF, wire.unpadded(body[24:], "address"))


def _address(field: bytes) -> Address:
    host, port = wire.unpadded(field[:-8], "address"), wire.NUMBER.unpack(field[-8:])[0]
    if not 0 < port < 65536:
        raise ProtocolError(f"the server sent an impossible port: {port}")
    return Address(host, port)
