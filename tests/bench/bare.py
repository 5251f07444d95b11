"""What files are measured beside: AES-GCM alone, a plain file, and the store of blobs alone. All of them take turns."""

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from signet_files.adapters.outbound.disk_threads import directly
from signet_files.adapters.outbound.file_format import CHUNK_BYTES
from signet_files.adapters.outbound.local_blobs import PIECE_BYTES
from signet_files.bootstrap.blobs import open_blobs

NONCE_BYTES = 12
UP, CACHED, FROM_DISK = WAYS = ("up", "down, cached", "down, from disk")


class Mover(Protocol):
    """Something that contents go into and come out of."""

    @property
    def name(self) -> str: ...

    def turn(self) -> Mapping[str, float]:
        """Move the content each way once; way → seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """Way → MB (10⁶ bytes) a second, of every turn."""

    name: str
    rates: Mapping[str, list[float]]

    def middle(self, way: str) -> float | None:
        """The median; None for a way that there is not."""
        found = self.rates.get(way)
        return median(found) if found else None


def in_turns(movers: list[Mover], size: int, turns: int) -> list[Rate]:
    """One turn of each after the other, again and again: what disturbs then disturbs all of them."""
    rates: list[dict[str, list[float]]] = [{} for _ in movers]
    for _ in range(turns):
        for mover, found in zip(movers, rates, strict=True):
            for way, seconds in mover.turn().items():
                found.setdefault(way, []).append(size / seconds / 1e6)
    return [Rate(mover.name, found) for mover, found in zip(movers, rates, strict=True)]


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def forget(path: Path) -> None:
    """Have the system drop from its cache what it holds of a file; what is read next comes from the disk."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class PlainLoop:
    """Encrypting and decrypting alone, in memory."""

    name = "a plain loop of AES-GCM"

    def __init__(self, content: bytes) -> None:
        self._chunks = _chunks(content)
        self._nonces = [number.to_bytes(NONCE_BYTES, "big") for number in range(len(self._chunks))]
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._sealed = [self._cipher.encrypt(*pair, b"") for pair in zip(self._nonces, self._chunks, strict=True)]

    def turn(self) -> Mapping[str, float]:
        return {UP: timed(self._encrypt), CACHED: timed(self._decrypt)}

    def _encrypt(self) -> None:
        for nonce, chunk in zip(self._nonces, self._chunks, strict=True):
            self._cipher.encrypt(nonce, chunk, b"")

    def _decrypt(self) -> None:
        for nonce, sealed in zip(self._nonces, self._sealed, strict=True):
            self._cipher.decrypt(nonce, sealed, b"")


class PlainFile:
    """What the folder gives to anybody: a file, written by the chunk and flushed, and read."""

    name = "a plain file in the folder"

    def __init__(self, content: bytes, folder: Path) -> None:
        self._chunks = _chunks(content)
        self._path = folder / "plain"

    def turn(self) -> Mapping[str, float]:
        up, cached = timed(self._write), timed(self._read)
        forget(self._path)
        from_disk = timed(self._read)
        self._path.unlink()
        return {UP: up, CACHED: cached, FROM_DISK: from_disk}

    def _write(self) -> None:
        with self._path.open("wb", buffering=0) as file:
            for chunk in self._chunks:
                file.write(chunk)
            os.fsync(file.fileno())

    def _read(self) -> None:
        with self._path.open("rb", buffering=0) as file:
            while file.read(PIECE_BYTES):
                pass


class BareStore:
    """The store in a folder alone, unencrypted, as a process without a loop uses it: written, flushed, and read."""

    name = "the bare store in a folder"

    def __init__(self, content: bytes, folder: Path) -> None:
        self._chunks = _chunks(content)
        self._size = len(content)
        self._folder = folder
        self._blobs = open_blobs(f"file:{folder}", directly)

    def turn(self) -> Mapping[str, float]:
        name = self._blobs.new_name()
        up = timed(lambda: self._blobs.write(name, self._chunks))
        cached = timed(lambda: _drained(self._blobs.read(name, 0, self._size)))
        forget(next(self._folder.rglob(name)))
        from_disk = timed(lambda: _drained(self._blobs.read(name, 0, self._size)))
        self._blobs.delete(name)
        return {UP: up, CACHED: cached, FROM_DISK: from_disk}


def _chunks(content: bytes) -> list[bytes]:
    return [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]


def _drained(pieces: Iterator[bytes | bytearray]) -> None:
    for _ in pieces:
        pass
