"""The format of encrypted files, version 1 (docs/file-format.md): a header, then chunks of AES-256-GCM.

    blob   = header ‖ sealed chunk 0 ‖ sealed chunk 1 ‖ …
    header = "SIGNETF1" ‖ u64be file id ‖ u64be version
    nonce  = 3 zero bytes ‖ u64be index ‖ last (0 or 1)
    associated data = header ‖ u64be index ‖ last

Every chunk holds 64 KiB but the last, which may be shorter and is empty only in an empty file. All sizes are in bytes.
"""

from struct import Struct

KEY_BYTES = 32
CHUNK_BYTES = 65_536
TAG_BYTES = 16
SEALED_BYTES = CHUNK_BYTES + TAG_BYTES

_MAGIC = b"SIGNETF1"
_HEADER = Struct(">8sQQ")
_NONCE = Struct(">3xQ?")
_POSITION = Struct(">Q?")

HEADER_BYTES = _HEADER.size


def header_of(file_id: int, version: int) -> bytes:
    """The header of one version of one file."""
    return _HEADER.pack(_MAGIC, file_id, version)


def nonce_of(index: int, *, last: bool) -> bytes:
    """The nonce of a chunk; every key encrypts one stream alone, so that none is used twice."""
    return _NONCE.pack(index, last)


def bound_to(header: bytes, index: int, *, last: bool) -> bytes:
    """The associated data of a chunk: whose it is, where it stands, and whether anything follows."""
    return header + _POSITION.pack(index, last)


def chunks_in(size: int) -> int:
    """How many chunks `size` bytes are; nothing is one."""
    return max(1, -(-size // CHUNK_BYTES))


def chunk_at(index: int) -> int:
    """Where in the blob a chunk begins."""
    return HEADER_BYTES + index * SEALED_BYTES


def blob_size(size: int) -> int:
    """How long the blob of `size` bytes is."""
    return HEADER_BYTES + size + chunks_in(size) * TAG_BYTES
