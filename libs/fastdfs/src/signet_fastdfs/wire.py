"""Bytes of the protocol: the ten-byte header, the commands, padded fields and 8-byte numbers. No input or output."""

import enum
import struct
from typing import NamedTuple

from signet_fastdfs.errors import BadArgument, ProtocolError

HEADER = struct.Struct(">qBB")
"""Body length without the header, command, status."""
NUMBER = struct.Struct(">q")
GROUP_SIZE = 16
EXTENSION_SIZE = 6
NAME_SIZE = 44
MAX_NAME_SIZE = 128
LARGEST = 2**63 - 1
REPLY = 100


class Command(enum.IntEnum):
    """What a header asks for."""

    UPLOAD = 11
    DELETE = 12
    SET_METADATA = 13
    DOWNLOAD = 14
    GET_METADATA = 15
    QUERY_FILE_INFO = 22
    UPLOAD_APPENDER = 23
    APPEND = 24
    MODIFY = 34
    TRUNCATE = 36
    REGENERATE = 38
    QUIT = 82
    STORE = 101
    FETCH = 102
    UPDATE = 103
    STORE_IN_GROUP = 104
    FETCH_ALL = 105
    ACTIVE_TEST = 111


class Address(NamedTuple):
    """Where a tracker or a storage listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, default_port: int = 22122) -> "Address":
        """Read `host`, `host:port` or `[ipv6]:port`. Raises BadArgument."""
        if text.startswith("["):
            host, bracket, port = text[1:].partition("]")
            if not bracket or (port and not port.startswith(":")):
                raise BadArgument(f"not an address: {text!r}")
            port = port[1:] if port else str(default_port)
        else:
            host, colon, port = text.partition(":")
            port = port if colon else str(default_port)
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise BadArgument(f"not an address: {text!r}")
        return cls(host, int(port))


class FileName(NamedTuple):
    """A file id in its two parts: the group and the name inside of it."""

    group: str
    name: str

    def __str__(self) -> str:
        return f"{self.group}/{self.name}"

    @classmethod
    def parse(cls, file_id: str) -> "FileName":
        """Take a file id apart; raises BadArgument for what no server can have handed out."""
        group, slash, name = file_id.partition("/")
        if not slash or not group or not name or len(group) > GROUP_SIZE or len(name) > MAX_NAME_SIZE:
            raise BadArgument("not a file id: it is a group, a slash and a name")
        if not _is_plain(group) or not _is_plain(name) or any(part in ("", ".", "..") for part in name.split("/")):
            raise BadArgument("not a file id: it holds what no name has")
        return cls(group, name)

    @property
    def body(self) -> bytes:
        """The 16-byte group and the name, as most requests end."""
        return padded(self.group, GROUP_SIZE, "group") + self.name.encode()


def number(value: int, what: str = "number") -> bytes:
    """Eight bytes, big-endian. Raises BadArgument for what does not fit or is negative."""
    if not 0 <= value <= LARGEST:
        raise BadArgument(f"{what} is out of range: {value}")
    return NUMBER.pack(value)


def padded(text: str, size: int, what: str) -> bytes:
    """`text` in `size` bytes, filled up with NUL. Raises BadArgument where it is too long or no plain ASCII."""
    if len(text) > size or not _is_plain(text):
        raise BadArgument(f"{what} is not plain ASCII of at most {size} characters: {text!r}")
    return text.encode().ljust(size, b"\0")


def unpadded(field: bytes, what: str) -> str:
    """The text of a NUL-padded field. Raises ProtocolError where it holds anything but plain ASCII."""
    text = field.rstrip(b"\0").decode("latin-1")
    if not text or not _is_plain(text):
        raise ProtocolError(f"the server sent no readable {what}")
    return text


def _is_plain(text: str) -> bool:
    return all("!" <= character <= "~" for character in text)
