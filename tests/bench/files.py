"""Files: through nginx, gateway and service, beside the bare store of blobs and a plain loop of AES-GCM.

All of it is done with the same bytes, three times; the best counts, for what disturbs only ever makes slower. What is
read lies in the page cache, both times: this is about the work of the platform, not about a disk.
"""

import base64
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.bench import accounting, load, transfers
from tests.bench.profiles import Measured
from tests.bench.signed_requests import Signing
from tests.bench.transfers import Sample

from signet_files.adapters.outbound.disk_threads import directly
from signet_files.adapters.outbound.file_format import CHUNK_BYTES
from signet_files.bootstrap.blobs import open_blobs

LARGE, HUGE, RANGE, SMALL = 100_000_000, 2**30, 2**20, 4_096
TIMES = 3
RANGES = 30
SECONDS = 5
SMALL_UPLOADS_PER_SECOND = 1_000
SMALL_DOWNLOADS_PER_SECOND = 2_500
"""Requests made beforehand; more than two cores can answer."""
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Rate:
    """MB (10⁶ bytes) a second, upwards and downwards."""

    name: str
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Files:
    """What was measured; growth in MB by process, ranges in ms (median)."""

    rates: list[Rate]
    growth_up: Mapping[str, float]
    growth_down: Mapping[str, float]
    whole_ms: float
    range_ms: float
    uploads: load.Load
    downloads: load.Load


def measure(measured: Measured, folder: Path) -> Files:
    """Measure everything; growth first, before any process has grown for a smaller file."""
    house = _House(measured, folder)
    huge = Sample.write(folder / "huge", HUGE)
    growth_up, target = house.growth(lambda: house.upload(huge))
    growth_down, _ = house.growth(lambda: house.download(target))
    huge.path.unlink()
    large = Sample.write(folder / "large", LARGE)
    rates = [_plain_loop(large), _bare_store(large, folder / "store"), house.rate(large)]
    large.path.unlink()
    small = Sample.write(folder / "one", RANGE)
    whole_ms = house.latency(house.upload(small))
    range_ms = house.latency(target, (HUGE // 2, HUGE // 2 + RANGE - 1))
    return Files(rates, growth_up, growth_down, whole_ms, range_ms, house.small_uploads(), house.small_downloads())


class _House:
    """The platform, as it is seen from outside."""

    def __init__(self, measured: Measured, folder: Path) -> None:
        self._measured = measured
        self._requests = folder / "requests"
        self._url = measured.platform.url

    def rate(self, sample: Sample) -> Rate:
        up, down = [], []
        for _ in range(TIMES):
            answer = transfers.upload(self._url, self._signing(), sample)
            up.append(answer.seconds)
            down.append(transfers.download(self._url, self._signing(), _content_of(answer.beginning)).seconds)
        return _rate("through nginx, gateway and files", sample.size, up, down)

    def upload(self, sample: Sample) -> str:
        """The target of its content."""
        return _content_of(transfers.upload(self._url, self._signing(), sample).beginning)

    def download(self, target: str) -> str:
        transfers.download(self._url, self._signing(), target)
        return target

    def growth(self, move: Callable[[], str]) -> tuple[Mapping[str, float], str]:
        """By how much each process grew while something was moved."""
        before = accounting.reset_peaks(self._measured.trees)
        target = move()
        return accounting.growth_mb(self._measured.trees, before), target

    def latency(self, target: str, part: tuple[int, int] | None = None) -> float:
        """Milliseconds until the last byte is there."""
        answers = [transfers.download(self._url, self._signing(), target, part) for _ in range(RANGES)]
        return median(answer.seconds for answer in answers) * 1000

    def small_uploads(self) -> load.Load:
        load.write_requests(self._requests, _small_uploads(self._signing(), SMALL_UPLOADS_PER_SECOND * SECONDS))
        return load.run(self._url, self._requests, SECONDS)

    def small_downloads(self) -> load.Load:
        query = {"size_min": SMALL, "size_max": SMALL, "per_page": 100}
        found = self._measured.client.connection.request("GET", "/api/v1/files", query=query).data
        assert isinstance(found, Mapping)
        targets = [f"/api/v1/files/{file['file_id']}/content" for file in found["files"]]
        signing, count = self._signing(), SMALL_DOWNLOADS_PER_SECOND * SECONDS
        requests = (signing.request("GET", targets[number % len(targets)]) for number in range(count))
        load.write_requests(self._requests, requests)
        return load.run(self._url, self._requests, SECONDS)

    def _signing(self) -> Signing:
        return Signing.now(self._measured.platform.first_run.credential)


def _small_uploads(signing: Signing, count: int) -> Iterator[bytes]:
    """Each of other bytes, none of them zero, which ends a request in the file of requests."""
    for number in range(count):
        content = base64.b64encode(secrets.token_bytes(SMALL * 3 // 4))
        target = f"/api/v1/files?file_name=small{number}"
        yield signing.request("POST", target, content, content_sha256=sha256(content).hexdigest())


def _plain_loop(sample: Sample) -> Rate:
    """Encrypting and decrypting alone, in memory."""
    content, cipher = sample.path.read_bytes(), AESGCM(secrets.token_bytes(32))
    nonces = [number.to_bytes(NONCE_BYTES, "big") for number in range(-(-len(content) // CHUNK_BYTES))]
    up, down = [], []
    for _ in range(TIMES):
        begun = time.perf_counter()
        sealed = [
            cipher.encrypt(nonce, content[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES], b"")
            for number, nonce in enumerate(nonces)
        ]
        up.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        for nonce, chunk in zip(nonces, sealed, strict=True):
            cipher.decrypt(nonce, chunk, b"")
        down.append(time.perf_counter() - begun)
    return _rate("a plain loop of AES-GCM", len(content), up, down)


def _bare_store(sample: Sample, folder: Path) -> Rate:
    """The folder alone, unencrypted: written and flushed to the disk; copied out of it, as an answer is."""
    content, blobs = memoryview(sample.path.read_bytes()), open_blobs(f"file:{folder}", directly)
    up, down = [], []
    for _ in range(TIMES):
        name = blobs.new_name()
        begun = time.perf_counter()
        blobs.write(name, (bytes(content[at : at + CHUNK_BYTES]) for at in range(0, len(content), CHUNK_BYTES)))
        up.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        _copied(blobs.read(name, 0, len(content)))
        down.append(time.perf_counter() - begun)
        blobs.delete(name)
    return _rate("the bare store in a folder", len(content), up, down)


def _copied(pieces: Iterator[bytes | bytearray]) -> None:
    """Write them to where they vanish."""
    with open(os.devnull, "wb", buffering=0) as nowhere:  # noqa: PTH123 - a device, not a path
        for piece in pieces:
            nowhere.write(piece)


def _rate(name: str, size: int, up: list[float], down: list[float]) -> Rate:
    return Rate(name, size / min(up) / 1e6, size / min(down) / 1e6)


def _content_of(envelope: bytes) -> str:
    return f"/api/v1/files/{json.loads(envelope)['data']['file_id']}/content"
