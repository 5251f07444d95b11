"""Fakes behind the ports of this service, and the intentions on each engine."""

from collections.abc import Generator, Iterable, Iterator

import pytest
from services.files.tests.storing import Service

from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_files import __file__ as package_file
from signet_files.domain.errors import BlobMissing, StorageUnavailable


class MemoryBlobs:
    """A store of blobs in memory; `pieces` is how large what it reads comes, and `reads` what was asked of it."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.names = 0
        self.pieces = 10_000
        self.reads: list[tuple[int, int]] = []

    def new_name(self) -> str:
        self.names += 1
        return f"blob{self.names}"

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        if name in self.blobs:
            raise StorageUnavailable
        self.blobs[name] = b"".join(pieces)

    def read(self, name: str, offset: int, length: int) -> Generator[bytes, None, None]:
        if name not in self.blobs:
            raise BlobMissing
        self.reads.append((offset, length))
        blob = self.blobs[name]
        for at in range(offset, min(offset + length, len(blob)), self.pieces):
            yield blob[at : min(at + self.pieces, offset + length)]

    def delete(self, name: str) -> None:
        self.blobs.pop(name, None)

    def check(self) -> None: ...


@pytest.fixture
def memory_blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture
def service(database_url, tmp_path) -> Iterator[Service]:
    upgrade(database_url, migrations_folder(package_file))
    service = Service(Database.open(database_url, grouped=False), tmp_path / "blobs")
    yield service
    service.database.close()


@pytest.fixture
def sqlite_service(tmp_path) -> Iterator[Service]:
    url = f"sqlite:///{tmp_path / 'files.sqlite3'}"
    upgrade(url, migrations_folder(package_file))
    service = Service(Database.open(url, grouped=False), tmp_path / "blobs")
    yield service
    service.database.close()
