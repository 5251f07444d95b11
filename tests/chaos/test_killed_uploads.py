"""SIGKILL at every step of an upload: there is the whole file or nothing, and what is left of it is collected."""

import io
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from tests.chaos.files_inside import FilesInside
from tests.chaos.uploads import SECONDS, Sending, download, sending, until

from signet.api.files import FileQuery
from signet.errors import Refused
from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.platform import Platform
from signet_testing.process import descendants

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

MIB = 2**20
CONTENT = os.urandom(6 * MIB + 123)


@pytest.fixture
def inside(platform: Platform) -> FilesInside:
    """With nothing left of what other tests have killed."""
    inside = FilesInside(platform)
    inside.let_time_pass()
    inside.collect()
    return inside


def part_bytes(inside: FilesInside) -> int:
    """How much of the one upload that is on lies in the folder."""
    (name,) = inside.uploading()
    return (inside.folder / name[:2] / f"{name}.part").stat().st_size


def begun(inside: FilesInside) -> bool:
    """Whether there is a row, and a file that has no name yet."""
    return any((inside.folder / name[:2] / f"{name}.part").exists() for name in inside.uploading())


@contextmanager
def before_the_row(inside: FilesInside, upload: Sending) -> Iterator[None]:
    with inside.locked():
        upload.head()
        upload.up_to(MIB)
        time.sleep(1)  # Nothing shows that it waits for the lock.
        yield


@contextmanager
def before_the_first_byte(inside: FilesInside, upload: Sending) -> Iterator[None]:
    upload.head()
    until(lambda: begun(inside), "a row and an empty file")
    yield


@contextmanager
def in_the_middle(inside: FilesInside, upload: Sending) -> Iterator[None]:
    upload.head()
    upload.up_to(4 * MIB)
    until(lambda: begun(inside) and part_bytes(inside) >= MIB, "a mebibyte on the disk")
    yield


@contextmanager
def before_the_last_byte(inside: FilesInside, upload: Sending) -> Iterator[None]:
    upload.head()
    upload.up_to(len(CONTENT) - 1)
    until(lambda: begun(inside) and part_bytes(inside) >= 5 * MIB, "nearly all of it on the disk")
    yield


@contextmanager
def before_the_commit(inside: FilesInside, upload: Sending) -> Iterator[None]:
    upload.head()
    upload.up_to(MIB)
    until(lambda: begun(inside), "a row")
    (name,) = inside.uploading()
    with inside.locked():
        upload.up_to(len(CONTENT))
        until((inside.folder / name[:2] / name).exists, "a blob that has its name")
        yield


Step = Callable[[FilesInside, Sending], AbstractContextManager[None]]
STEPS: list[Step] = [before_the_row, before_the_first_byte, in_the_middle, before_the_last_byte, before_the_commit]


def seen(platform: Platform) -> list[tuple[int, str]]:
    """All that clients can see."""
    with platform.client(retries=30) as client:
        found = [*client.files.iterate(), *client.files.iterate(FileQuery(file_state="deleted"))]
    return [(file.file_id, file.sha256) for file in found]


def looked_at(platform: Platform, file_id: int) -> int:
    """The status of what is known of a file."""
    with platform.client() as client, pytest.raises(Refused) as refused:
        client.files.get(file_id)
    return refused.value.http_status


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_nothing_to_see_and_what_is_left_is_collected(
    platform: Platform, inside: FilesInside, step: Step
) -> None:
    """The client hears no success; rows, blobs and quota are what they were; and the service goes on."""
    before = (seen(platform), inside.left(), inside.stored())
    with sending(platform, CONTENT) as upload:
        with step(inside, upload):
            platform.kill("files-web")
        assert upload.answer().status in {0, 503}
    assert seen(platform) == before[0]
    for file_id in inside.unborn():
        assert {download(platform, file_id).status, looked_at(platform, file_id)} == {404}
    inside.let_time_pass()
    report = inside.collect()
    assert (report["failed"], report["strangers_kept"], report["finished"]) == (0, 0, True)
    assert (seen(platform), inside.left(), inside.stored()) == before
    with platform.client(retries=30) as client:
        file = client.files.upload(io.BytesIO(CONTENT), file_name="again")
        with client.files.download(file.file_id) as content:
            assert b"".join(content) == CONTENT
        client.files.delete(file.file_id, permanently=True)
    assert (seen(platform), inside.left(), inside.stored()) == before


def test_a_disk_that_is_full_is_told_and_keeps_nothing(platform: Platform, inside: FilesInside) -> None:
    """The system refuses what would be larger: 507001 to the client, and room for whatever fits."""
    before = (seen(platform), inside.left(), inside.stored())
    worker = eventually(lambda: descendants(platform.process("files-web")), SECONDS, "a worker")[0]
    usual = resource.prlimit(worker, resource.RLIMIT_FSIZE, (5 * MIB, resource.RLIM_INFINITY))
    with platform.client(retries=0) as client:
        with pytest.raises(Refused) as refused:
            client.files.upload(io.BytesIO(CONTENT), file_name="too large")
        assert refused.value.code == ReturnCode.STORAGE_FULL
        assert (seen(platform), inside.left(), inside.stored()) == before
        small = client.files.upload(io.BytesIO(CONTENT[:MIB]), file_name="small")
        with client.files.download(small.file_id) as content:
            assert b"".join(content) == CONTENT[:MIB]
    resource.prlimit(worker, resource.RLIMIT_FSIZE, usual)
