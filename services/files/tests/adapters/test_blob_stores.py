"""What every store of blobs has to do, and the fake that stands for them."""

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from signet_common.settings import SettingsError, load_settings
from signet_fastdfs import Client
from signet_fastdfs.testing import Close, Cluster, Command, Fault, HangUpOnBody, Refuse
from signet_files.adapters.outbound.disk_threads import directly, in_threads
from signet_files.adapters.outbound.draft import BATCH_BYTES
from signet_files.adapters.outbound.fastdfs_blobs import APPENDED_BYTES, FastDfsBlobs
from signet_files.adapters.outbound.local_blobs import PIECE_BYTES, LocalBlobs
from signet_files.bootstrap.blobs import open_blobs
from signet_files.domain.errors import BlobMissing, StorageFull, StorageUnavailable
from signet_files.settings import Settings

SIZES = [0, 1, 65_552, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7]

REAL = os.environ.get("FASTDFS_TRACKERS")
STORES = ["memory", "local", "fastdfs", *([pytest.param("real FastDFS", marks=pytest.mark.servers)] if REAL else [])]


def open_files(folder: Path) -> int:
    """Those in `folder` alone: what else this process has open, other threads and the collection of garbage close."""
    return sum(fd.resolve().is_relative_to(folder.resolve()) for fd in Path("/proc/self/fd").iterdir())


def pieces_of(blob: bytes, size: int = 65_552) -> Iterator[bytes]:
    return (blob[at : at + size] for at in range(0, len(blob), size))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture(params=STORES)
def blobs(request, tmp_path, memory_blobs):
    """Each adapter by its URL, as a process opens it."""
    if request.param == "memory":
        return memory_blobs
    if request.param == "local":
        return open_blobs(f"file:{tmp_path / 'blobs'}", directly)
    if request.param == "real FastDFS":
        return open_blobs(f"fdfs://{REAL}", directly)
    trackers = request.getfixturevalue("cluster").trackers
    return open_blobs("fdfs://" + ",".join(f"{tracker.host}:{tracker.port}" for tracker in trackers), directly)


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture(params=["directly", "in threads"])
def local(folder, request) -> LocalBlobs:
    """As commands use it, and as a web process does."""
    return LocalBlobs(folder, directly if request.param == "directly" else in_threads())


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read_back(blobs, size: int) -> None:
    """At every size, the empty one included; nothing is read beyond the end."""
    name, blob = blobs.new_name(), os.urandom(size)
    blobs.write(name, pieces_of(blob))
    assert b"".join(blobs.read(name, 0, size + 100)) == blob


def test_a_range_is_what_lies_there(blobs) -> None:
    name, blob = blobs.new_name(), os.urandom(3 * PIECE_BYTES)
    blobs.write(name, pieces_of(blob))
    for offset, length in ((0, 1), (1, 0), (PIECE_BYTES - 1, 2), (5, 2 * PIECE_BYTES), (3 * PIECE_BYTES - 3, 9)):
        assert b"".join(blobs.read(name, offset, length)) == blob[offset : offset + length]
    assert list(blobs.read(name, 3 * PIECE_BYTES, 5)) == []
    assert list(blobs.read(name, 9 * PIECE_BYTES, 5)) == []


def test_a_store_that_works_says_so_and_stores_nothing(blobs) -> None:
    """Readiness asks often."""
    blobs.check()
    assert list(blobs.stored("") if hasattr(blobs, "stored") else ()) == []


def test_a_folder_that_nobody_can_write_to_is_told(tmp_path) -> None:
    """Before the first upload fails."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable):
        LocalBlobs(tmp_path / "file" / "blobs", directly).check()


def test_a_cluster_without_a_storage_is_told(cluster) -> None:
    cluster.storage.stop()
    trackers = ",".join(f"{tracker.host}:{tracker.port}" for tracker in cluster.trackers)
    with pytest.raises(StorageUnavailable):
        open_blobs(f"fdfs://{trackers}", directly).check()


def test_names_are_never_given_twice(blobs) -> None:
    assert len({blobs.new_name() for _ in range(100)}) == 100


def test_what_is_not_there_is_missing(blobs) -> None:
    """In words, not as an empty file."""
    name = blobs.new_name()
    blobs.delete(name)
    with pytest.raises(BlobMissing):
        next(blobs.read(name, 0, 10))


def test_what_was_deleted_is_missing(blobs) -> None:
    """Twice is fine: whoever collects orphans may be killed and come again."""
    name = blobs.new_name()
    blobs.write(name, [b"x"])
    for _ in range(2):
        blobs.delete(name)
        with pytest.raises(BlobMissing):
            next(blobs.read(name, 0, 1))


def test_a_blob_is_told_apart_from_its_neighbours(blobs) -> None:
    names = [blobs.new_name() for _ in range(20)]
    for name in names:
        blobs.write(name, [name.encode()])
    blobs.delete(names[3])
    assert all(b"".join(blobs.read(name, 0, 99)) == name.encode() for name in names if name != names[3])


def test_an_upload_that_breaks_off_stores_nothing(blobs) -> None:
    """The client went, or its checksum was wrong: what it raises comes out as it is."""
    name = blobs.new_name()

    def breaking() -> Iterator[bytes]:
        yield bytes(2 * PIECE_BYTES)
        raise OSError(errno.ECONNRESET, "the client went")

    with pytest.raises(ConnectionResetError):
        blobs.write(name, breaking())
    with pytest.raises(BlobMissing):
        next(blobs.read(name, 0, 1))
    blobs.delete(name)


def test_writing_asks_for_the_next_piece_only_when_it_has_room(folder) -> None:
    """A fast client and a slow disk must not meet in our memory."""
    held: list[int] = []

    def counted() -> Iterator[bytes]:
        for _ in range(64):
            held.append(len(held))
            yield bytes(65_552)

    calls: list[int] = []

    def noting(function: Callable[..., Any], *arguments: Any) -> Any:
        calls.append(len(held))
        return directly(function, *arguments)

    store = LocalBlobs(folder, noting)
    store.write(store.new_name(), counted())
    assert max(after - before for before, after in pairwise(calls)) * 65_552 <= BATCH_BYTES + 65_552


@pytest.mark.parametrize("size", [10, 1_000, 400_000])
def test_pieces_may_have_any_size(local, folder, size: int) -> None:
    """Thousands of small ones are more than one call of the system takes; and what lies on the disk alone is read."""
    name, blob = local.new_name(), os.urandom(3 * BATCH_BYTES + 5)
    local.write(name, pieces_of(blob, size))
    assert b"".join(local.read(name, 0, len(blob))) == blob
    with next(folder.rglob(name)).open() as stored:
        os.posix_fadvise(stored.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert b"".join(local.read(name, 7, len(blob))) == blob[7:]


class Later:
    """A start that does the work only when somebody waits for it; `done` names what was, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        def work() -> Any:
            self.done.append(function.__name__)
            return function(*arguments)

        return cache(work)


def test_a_batch_is_written_while_the_next_one_is_gathered(folder) -> None:
    """Otherwise the disk waits for the client, and the client for the disk."""
    start, asked = Later(), []

    def noting() -> Iterator[bytes]:
        for _ in range(4):
            asked.append(len(start.done))
            yield bytes(BATCH_BYTES)

    store = LocalBlobs(folder, start)
    store.write(store.new_name(), noting())
    assert start.done == ["Draft", "add", "add", "add", "add", "finish"]
    assert asked == [1, 1, 2, 3]


def test_a_blob_is_given_up_only_after_the_batch_that_is_being_written(folder) -> None:
    """A thread that goes on writing must find its file."""
    start = Later()

    def breaking() -> Iterator[bytes]:
        yield bytes(BATCH_BYTES)
        raise ConnectionResetError

    store = LocalBlobs(folder, start)
    with pytest.raises(ConnectionResetError):
        store.write(store.new_name(), breaking())
    assert start.done == ["Draft", "add", "abandon"]


@pytest.fixture
def no_file_beyond() -> Iterator[Callable[[int], None]]:
    """Let the system refuse what would make a file larger: first it writes less, then nothing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_batch_that_is_written_in_part_is_not_stored(local, folder, no_file_beyond) -> None:
    """The system says how much it took; who does not ask has stored a shorter blob."""
    no_file_beyond(BATCH_BYTES // 2)
    with pytest.raises(StorageFull):
        local.write(local.new_name(), pieces_of(bytes(BATCH_BYTES)))
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_nothing_is_left_beside_blobs(local, folder) -> None:
    """Neither after a success nor after a failure."""
    name = local.new_name()
    local.write(name, [b"x"])
    with pytest.raises(ZeroDivisionError):
        local.write(local.new_name(), (1 // 0 for _ in range(1)))
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [name]


def test_blobs_are_for_their_owner_alone(local, folder) -> None:
    local.write(local.new_name(), [b"x"])
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert modes == {0o600, 0o700}


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "a" * 31, "a" * 33, "A" * 32, "é" * 32, "a" * 30 + "/b", "a" * 32 + "\n"]
)
def test_no_other_text_becomes_a_path(local, name: str) -> None:
    """Names are drawn by the store; one that it cannot have drawn is a mistake or an attack."""
    for use in (
        lambda: local.write(name, []),
        lambda: next(local.read(name, 0, 1)),
        lambda: local.delete(name),
        lambda: local.mark(name),
        lambda: local.unmark(name),
    ):
        with pytest.raises(ValueError, match="not the name"):
            use()


@pytest.mark.parametrize("failing", ["Draft", "add", "finish"])
@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
    ],
)
def test_a_disk_that_refuses_is_told_and_leaves_nothing(folder, failing: str, number: int, told: type) -> None:
    """At every step; the client hears that there is no room, and what was half written makes room again."""

    def run(function: Callable[..., Any], *arguments: Any) -> Any:
        if function.__name__ == failing:
            raise OSError(number, os.strerror(number))
        return directly(function, *arguments)

    store = LocalBlobs(folder, run)
    with pytest.raises(told):
        store.write(store.new_name(), [b"x"])
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_blob_is_written_once(blobs) -> None:
    """A second one under its name would be another file's, or half of one."""
    name = blobs.new_name()
    blobs.write(name, [b"first"])
    with pytest.raises(StorageUnavailable):
        blobs.write(name, [b"second"])
    assert b"".join(blobs.read(name, 0, 99)) == b"first"


def test_two_who_write_the_same_blob_do_not_mix(local) -> None:
    """Whoever came second is refused, and does not take away what the first is writing."""
    name = local.new_name()

    def interrupted() -> Iterator[bytes]:
        yield b"fir"
        with pytest.raises(StorageUnavailable):
            local.write(name, [b"second"])
        yield b"st"

    local.write(name, interrupted())
    assert b"".join(local.read(name, 0, 99)) == b"first"


def test_what_is_there_can_be_listed(local, folder) -> None:
    """Halves of a killed writer too, under the name that removes them; nothing that is not ours."""
    assert list(local.stored("")) == []
    names = {local.new_name() for _ in range(5)}
    for name in names:
        local.write(name, [b"x"])
    half = local.new_name()
    (folder / half[:2]).mkdir(exist_ok=True)
    (folder / half[:2] / f"{half}.part").write_bytes(b"x")
    (folder / "lost+found").mkdir()
    (folder / "README").write_text("")
    found = list(local.stored(""))
    assert {blob.name for blob in found} == {*names, half}
    assert all(abs(blob.written_at - datetime.now(UTC)) < timedelta(minutes=1) for blob in found)
    for blob in found:
        local.delete(blob.name)
    assert list(local.stored("")) == []


def test_a_walk_goes_on_behind_a_name(local) -> None:
    """In the order of names, so that whoever takes a part of it at a time misses none."""
    names = sorted(local.new_name() for _ in range(300))
    for name in names:
        local.write(name, [b"x"])
    walked = [""]
    for _ in range(-(-300 // 7)):
        walked += [blob.name for blob in islice(local.stored(walked[-1]), 7)]
    assert walked == ["", *names]
    assert list(local.stored(names[-1])) == []


def test_a_stranger_is_marked_once_and_read_as_before(local, folder) -> None:
    """The first mark tells since when; it goes with the blob, and a mark alone goes as a blob would."""
    name = local.new_name()
    local.write(name, [b"x"])
    assert [blob.stranger_since for blob in local.stored("")] == [None]
    local.mark(name)
    os.utime(folder / name[:2] / f"{name}.stranger", (1_000, 1_000))
    local.mark(name)
    (blob,) = local.stored("")
    assert blob.stranger_since == datetime.fromtimestamp(1_000, UTC)
    assert abs(blob.written_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert b"".join(local.read(name, 0, 9)) == b"x"
    for _ in range(2):
        local.unmark(name)
    assert [blob.stranger_since for blob in local.stored("")] == [None]
    local.mark(name)
    (folder / name[:2] / name).unlink()
    assert [blob.name for blob in local.stored("")] == [name]
    local.delete(name)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_reading_lets_go_of_the_file_when_it_is_closed(local, folder) -> None:
    """A client that went away in the middle of a download holds no descriptor."""
    name = local.new_name()
    local.write(name, [bytes(3 * PIECE_BYTES)])
    assert open_files(folder) == 0
    reading = local.read(name, 0, 3 * PIECE_BYTES)
    next(reading)
    assert open_files(folder) == 1
    reading.close()
    assert open_files(folder) == 0


@pytest.fixture
def fastdfs(cluster) -> Iterator[FastDfsBlobs]:
    """Not patient with storages that nobody knows."""
    with Client(cluster.trackers, timeout=5, connect_timeout=4, storage_wait=0.0) as client:
        yield FastDfsBlobs(client)


@pytest.mark.parametrize(
    ("fault", "told"),
    [(Refuse(28), StorageFull), (Refuse(5), StorageUnavailable), (HangUpOnBody(), StorageUnavailable)],
)
def test_a_storage_that_refuses_is_told_and_leaves_nothing(cluster, fastdfs, fault: Fault, told: type) -> None:
    """In the middle of a large blob; it is not appended a second time, for nobody knows whether it was."""
    name = fastdfs.new_name()

    def meanwhile() -> Iterator[bytes]:
        yield bytes(APPENDED_BYTES)
        yield b"x"
        cluster.storage.misbehave(fault, command=Command.APPEND)
        yield bytes(APPENDED_BYTES)

    with pytest.raises(told):
        fastdfs.write(name, meanwhile())
    with pytest.raises(BlobMissing):
        next(fastdfs.read(name, 0, 1))


def test_a_storage_that_dies_in_a_download_is_no_end(cluster, fastdfs) -> None:
    """The client gets a broken transfer, never a short file that looks whole."""
    name = fastdfs.new_name()
    fastdfs.write(name, [bytes(APPENDED_BYTES)])
    cluster.storage.misbehave(Close(after=APPENDED_BYTES // 2), command=Command.DOWNLOAD)
    with pytest.raises(StorageUnavailable):
        list(fastdfs.read(name, 0, APPENDED_BYTES))


def test_trackers_that_are_gone_are_told(fastdfs) -> None:
    """And never as a blob that is missing, which somebody would collect."""
    name = fastdfs.new_name()
    with Client(["127.0.0.1:1"], timeout=1, storage_wait=0.0) as client:
        alone = FastDfsBlobs(client)
        for use in (
            alone.new_name,
            lambda: alone.write(name, [b"x"]),
            lambda: next(alone.read(name, 0, 1)),
            lambda: alone.delete(name),
        ):
            with pytest.raises(StorageUnavailable):
                use()


@pytest.mark.parametrize(
    "url",
    [
        "/var/blobs",
        "file:blobs",
        "file:",
        "s3://bucket",
        "fdfs://",
        "fdfs://host",
        "fdfs://host:1,",
        "fdfs://user@host:1",
    ],
)
def test_a_store_that_nobody_knows_stops_the_process(monkeypatch, url: str) -> None:
    monkeypatch.setenv("FILES_DATABASE_URL", "sqlite://")
    monkeypatch.setenv("FILES_BUS_URL", "sqlite:/nowhere")
    monkeypatch.setenv("FILES_KEYRING", "/nowhere")
    monkeypatch.setenv("FILES_BLOBS_URL", url)
    with pytest.raises(SettingsError, match="FILES_BLOBS_URL"):
        load_settings(Settings)
