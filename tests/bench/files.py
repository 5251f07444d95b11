"""Files: through nginx, gateway and service, beside the bare store of blobs and a plain loop of AES-GCM.

All of it is done with the same bytes, in turns. What the client does costs as little as it can: requests are signed
and contents hashed beforehand, and bytes go from and into one buffer.
"""

import base64
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.bench import accounting, transfers
from tests.bench.bare import CACHED, FROM_DISK, UP, BareStore, Mover, PlainFile, PlainLoop, Rate, forget, in_turns
from tests.bench.profiles import Measured
from tests.bench.signed_requests import Signing
from tests.bench.subject import Cell, Operation, Subject
from tests.bench.transfers import Sample

LARGE, HUGE, RANGE, SMALL = 100_000_000, 2**30, 2**20, 4_096
TURNS = 7
RANGES = 50
UPLOAD, DOWNLOAD = "upload of 4 KB", "download of 4 KB"
CONTENTS = 100


@dataclass(frozen=True, slots=True)
class Files:
    """What was measured: rates; CPU in ms by process for the large content each way; growth in MB by process; ms."""

    rates: list[Rate]
    cpu_up: Mapping[str, float]
    cpu_down: Mapping[str, float]
    growth_up: Mapping[str, float]
    growth_down: Mapping[str, float]
    whole_ms: list[float]
    range_ms: list[float]
    small: list[Cell]


def measure(measured: Measured, subject: Subject) -> Files:
    """Measure everything; growth first, before any process has grown for a smaller file."""
    house, folder = _House(measured), subject.folder
    huge = Sample.write(folder / "huge", HUGE)
    growth_up, target = house.growth(lambda: house.upload(huge))
    growth_down, _ = house.growth(lambda: house.download(target))
    huge.path.unlink()
    large = Sample.write(folder / "large", LARGE)
    content, platform = large.path.read_bytes(), _Platform(house, large)
    bare: list[Mover] = [PlainLoop(content), PlainFile(content, folder), BareStore(content, folder / "store")]
    rates = in_turns([*bare, platform], LARGE, TURNS)
    cpu_up, cpu_down = platform.cpu_ms()
    one = Sample.write(folder / "one", RANGE)
    whole_ms, range_ms = house.latencies(house.upload(one), target)
    return Files(
        rates, cpu_up, cpu_down, growth_up, growth_down, whole_ms, range_ms,
        [subject.measure(operation, house.recorded) for operation in house.small(subject)],
    )  # fmt: skip


class _House:
    """The platform, as it is seen from outside."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured
        self.url = measured.platform.url
        self._audited = 0

    def upload(self, sample: Sample) -> str:
        """The target of its content."""
        envelope = transfers.upload(self.url, self.signing(), sample).beginning
        return f"/api/v1/files/{json.loads(envelope)['data']['file_id']}/content"

    def download(self, target: str) -> str:
        transfers.download(self.url, self.signing(), target)
        return target

    def growth(self, move: Callable[[], str]) -> tuple[Mapping[str, float], str]:
        """By how much each process grew while something was moved."""
        before = accounting.reset_peaks(self.measured.trees)
        target = move()
        return accounting.growth_mb(self.measured.trees, before), target

    def latencies(self, whole: str, huge: str) -> tuple[list[float], list[float]]:
        """Milliseconds until the last byte is there, of a file and of as long a part of a huge one, in turns."""
        part = (HUGE // 2, HUGE // 2 + RANGE - 1)
        pairs = [
            (
                transfers.download(self.url, self.signing(), whole).seconds * 1000,
                transfers.download(self.url, self.signing(), huge, part).seconds * 1000,
            )
            for _ in range(RANGES)
        ]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def small(self, subject: Subject) -> Iterator[Operation]:
        """Files of 4 KB go in, and those of them that came first come out; each is warmed up before it is yielded."""
        uploads = Operation(UPLOAD, 1_000, lambda count: _uploads(self.signing(), count))
        downloads = Operation(DOWNLOAD, 3_000, lambda count: self._downloads(self.signing(), count))
        for operation in (uploads, downloads):
            subject.warm_up(operation, 1)
            accounting.wait_until_quiet(subject.trees, lambda: True)
            self._audited = self.measured.audited("file")
            yield operation

    def recorded(self, requests: int) -> bool:
        """Whether the audit log holds as many more records as there were requests."""
        return self.measured.audited("file") >= self._audited + requests

    def signing(self) -> Signing:
        return Signing.now(self.measured.platform.first_run.credential)

    def _downloads(self, signing: Signing, count: int) -> Iterator[bytes]:
        query = {"size_min": SMALL, "size_max": SMALL, "per_page": CONTENTS}
        found = self.measured.client.connection.request("GET", "/api/v1/files", query=query).data
        assert isinstance(found, Mapping)
        targets = [f"/api/v1/files/{file['file_id']}/content" for file in found["files"]]
        return (signing.request("GET", targets[number % len(targets)]) for number in range(count))


class _Platform:
    """All of the way."""

    name = "through nginx, gateway and files"

    def __init__(self, house: _House, sample: Sample) -> None:
        self._house = house
        self._sample = sample
        self._blobs = Path(house.measured.platform.settings_of("files-web")["FILES_BLOBS_URL"].removeprefix("file:"))

    def turn(self) -> Mapping[str, float]:
        house, signing = self._house, self._house.signing()
        known = self._stored()
        answer = transfers.upload(house.url, signing, self._sample)
        (blob,) = self._stored() - known
        target = f"/api/v1/files/{json.loads(answer.beginning)['data']['file_id']}/content"
        cached = transfers.download(house.url, signing, target).seconds
        forget(blob)
        from_disk = transfers.download(house.url, signing, target).seconds
        # What is stored stays in memory, too, and ever more of it there makes everything slower.
        file = target.removesuffix("/content")
        house.measured.client.connection.request("DELETE", file, query={"permanently": "true"})
        return {UP: answer.seconds, CACHED: cached, FROM_DISK: from_disk}

    def cpu_ms(self) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """By process, up and down."""
        target = self._house.upload(self._sample)
        return self._cpu_ms(lambda: self._house.upload(self._sample)), self._cpu_ms(
            lambda: self._house.download(target)
        )

    def _cpu_ms(self, move: Callable[[], str]) -> Mapping[str, float]:
        trees = self._house.measured.trees
        accounting.wait_until_quiet(trees, lambda: True)
        before = accounting.cpu_ms(trees)
        for _ in range(TURNS):
            move()
        return {name: ms / TURNS for name, ms in accounting.used_ms(trees, before).items()}

    def _stored(self) -> set[Path]:
        return {path for path in self._blobs.rglob("*") if path.is_file()}


def _uploads(signing: Signing, count: int) -> Iterator[bytes]:
    """Each of other bytes, none of them zero, which ends a request in the file of requests."""
    for number in range(count):
        content = base64.b64encode(secrets.token_bytes(SMALL * 3 // 4))
        target = f"/api/v1/files?file_name=small{number}"
        yield signing.request("POST", target, content, content_sha256=sha256(content).hexdigest())
