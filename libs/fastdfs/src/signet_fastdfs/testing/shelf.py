"""The files of a storage, and the names that it gives them."""

import base64
import itertools
import struct
import time
import zlib
from dataclasses import dataclass, field

_STAMP = struct.Struct(">4sIQI")
APPENDER_FLAG = 1 << 58


@dataclass
class StoredFile:
    """A file; `size` and `crc` count on where the data itself is not kept."""

    appender: bool
    data: bytearray = field(default_factory=bytearray)
    size: int = 0
    crc: int = 0
    modified: int = field(default_factory=lambda: int(time.time()))
    metadata: dict[bytes, bytes] = field(default_factory=dict)


class Shelf(dict[str, StoredFile]):
    """Files by name."""

    def __init__(self) -> None:
        super().__init__()
        self._serial = itertools.count()

    def keep(self, file: StoredFile, extension: str) -> str:
        """Put `file` up under a new name of 44 characters: path, 27 of base64, digits, and the extension."""
        size = file.size | (APPENDER_FLAG if file.appender else 0)
        stamp = _STAMP.pack(bytes((127, 0, 0, 1)), file.modified, size, file.crc ^ next(self._serial) << 8 & 0xFFFFFFFF)
        encoded = base64.urlsafe_b64encode(stamp).decode().rstrip("=")
        ending = f".{extension}".rjust(7, "0") if extension else "0" * 7
        name = f"M00/00/00/{encoded}{ending}"
        self[name] = file
        return name


def checksum(data: bytes, crc: int = 0) -> int:
    """The CRC that a storage reports."""
    return zlib.crc32(data, crc)
