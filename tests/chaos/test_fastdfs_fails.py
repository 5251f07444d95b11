"""Trackers that are gone, storages that die or are full: a clear error or a broken transfer, and nothing is lost."""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from tests.chaos.files_inside import FilesInside
from tests.chaos.uploads import download, sending, until

from signet.api.files import File
from signet.errors import Refused, TransferBroken
from signet_fastdfs.testing import Close, Cluster, Command, Fault, HangUpOnBody, Refuse
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.profiles import embedded_settings

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

MIB = 2**20
CONTENT = os.urandom(6 * MIB + 123)
BLOB_BYTES = 24 + len(CONTENT) + 16 * -(-len(CONTENT) // 65_536)


@dataclass(frozen=True, slots=True)
class Scene:
    """A platform whose files lie in a FastDFS that does what it is told, and one file."""

    platform: Platform
    cluster: Cluster
    inside: FilesInside
    file: File

    def upload(self) -> File:
        with self.platform.client(retries=0) as client:
            return client.files.upload(io.BytesIO(CONTENT), file_name="scan.dcm")

    def held(self) -> tuple[object, ...]:
        """What service and storage hold: rows, room, blobs and their lengths."""
        blobs = {name: len(stored.data) for name, stored in self.cluster.storage.files.items()}
        return (*self.inside.left(), blobs)

    def readable(self) -> bool:
        """Whether the file is there as ever."""
        return download(self.platform, self.file.file_id).body == CONTENT


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Cluster() as cluster:
        store = ",".join(f"{tracker.host}:{tracker.port}" for tracker in cluster.trackers)
        settings = {**embedded_settings(), "FILES_BLOBS_URL": f"fdfs://{store}"}
        with Platform(tmp_path_factory.mktemp("fastdfs"), settings) as platform:
            with platform.client() as client:
                file = client.files.upload(io.BytesIO(CONTENT), file_name="scan.dcm")
            yield Scene(platform, cluster, FilesInside(platform), file)


@pytest.fixture(autouse=True)
def nothing_is_lost(scene: Scene) -> Iterator[None]:
    """Whatever failed, afterwards there is what there was before."""
    before = scene.held()
    yield
    scene.cluster.storage.behave()
    scene.inside.let_time_pass()
    scene.inside.collect()
    assert scene.held() == before
    assert scene.readable()


def refused(action: Callable[[], object]) -> int:
    with pytest.raises(Refused) as error:
        action()
    return error.value.code


@pytest.mark.parametrize("gone", ["tracker", "storage"])
def test_who_is_gone_is_told_before_a_byte_leaves(scene: Scene, gone: str) -> None:
    """As unavailable, never as a file that is missing; what needs no content goes on meanwhile."""
    peer = scene.cluster.tracker if gone == "tracker" else scene.cluster.storage
    peer.stop()
    try:
        answer = download(scene.platform, scene.file.file_id)
        assert (answer.status, answer.whole) == (503, True)
        assert refused(scene.upload) == ReturnCode.UPSTREAM_UNAVAILABLE
        with scene.platform.client(retries=0) as client:
            assert client.files.get(scene.file.file_id).sha256 == scene.file.sha256
            assert refused(lambda: [*client.files.verify(scene.file.file_id)]) == ReturnCode.UPSTREAM_UNAVAILABLE
    finally:
        peer.start()
    assert scene.readable()


def test_a_storage_that_dies_in_mid_download_breaks_the_transfer(scene: Scene) -> None:
    """What came is right as far as it goes, and can be told from the whole by any client."""
    scene.cluster.storage.misbehave(Close(after=3 * MIB), command=Command.DOWNLOAD, times=3)
    answer = download(scene.platform, scene.file.file_id)
    assert (answer.status, answer.whole) == (200, False)
    assert MIB < len(answer.body) < len(CONTENT)
    assert CONTENT.startswith(answer.body)
    scene.cluster.storage.misbehave(Close(after=3 * MIB), command=Command.DOWNLOAD, times=3)
    with scene.platform.client(retries=0) as client, client.files.download(scene.file.file_id) as broken:  # noqa: SIM117
        with pytest.raises(TransferBroken):
            b"".join(broken)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Refuse(28), ReturnCode.STORAGE_FULL), (HangUpOnBody(), ReturnCode.UPSTREAM_UNAVAILABLE)],
)
def test_a_storage_that_refuses_in_mid_upload_keeps_nothing(scene: Scene, fault: Fault, code: ReturnCode) -> None:
    """A mebibyte has been appended by then; it is taken away at once, without any collector."""
    before = scene.held()
    with sending(scene.platform, CONTENT) as upload:
        upload.head()
        upload.up_to(2 * MIB)
        until(lambda: appended(scene) >= MIB, "a mebibyte in the storage")
        scene.cluster.storage.misbehave(fault, command=Command.APPEND)
        upload.up_to(len(CONTENT))
        assert upload.answer().code == code
    assert scene.held() == before


def test_what_a_storage_that_died_kept_is_collected_when_it_is_back(scene: Scene) -> None:
    """It could not be taken away at once; its rows still lead to it."""
    with sending(scene.platform, CONTENT) as upload:
        upload.head()
        upload.up_to(2 * MIB)
        until(lambda: appended(scene) >= MIB, "a mebibyte in the storage")
        scene.cluster.storage.stop()
        upload.up_to(len(CONTENT))
        assert upload.answer().code == ReturnCode.UPSTREAM_UNAVAILABLE
    left = scene.held()
    scene.cluster.storage.start()
    assert scene.inside.collect()["uploads"] == 1
    assert scene.held() != left


def test_a_kill_in_mid_upload_leaves_nothing_that_is_not_collected(scene: Scene) -> None:
    """The row had the name of the appender before a byte was there."""
    with sending(scene.platform, CONTENT) as upload:
        upload.head()
        upload.up_to(3 * MIB)
        until(lambda: appended(scene) >= MIB, "a mebibyte in the storage")
        scene.platform.kill("files-web")
        assert upload.answer().status in {0, 503}
    eventually(scene.readable, 30, "the service again")
    scene.inside.let_time_pass()
    assert scene.inside.collect()["uploads"] == 1


def appended(scene: Scene) -> int:
    """How much of the upload that is on has reached the storage."""
    return sum(len(stored.data) for stored in scene.cluster.storage.files.values()) - BLOB_BYTES
