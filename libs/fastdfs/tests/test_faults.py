"""A storage that misbehaves: the right error, in time, without spinning, and a healthy pool afterwards."""

import time
from collections.abc import Iterator

import pytest
from libs.fastdfs.tests.watch import PAYLOAD, STORAGE_OPERATIONS, Operation, assert_works, fails_quietly

from signet_fastdfs import (
    BadArgument,
    Client,
    ConnectionLost,
    FastDfsError,
    NoSpace,
    NotFound,
    ProtocolError,
    ServerFailed,
    TimedOut,
)
from signet_fastdfs.testing import (
    Close,
    Cluster,
    Command,
    Dribble,
    Fault,
    HangUpOnBody,
    LieAboutLength,
    Refuse,
    Replace,
    Stall,
    StopReading,
    StrayBody,
    StrayBytes,
    WrongCommand,
)

EVER = 10**6
FAULTS: list[tuple[Fault, type[FastDfsError]]] = [
    (Close(), ConnectionLost),
    (Close(after=4), ConnectionLost),
    (Stall(), TimedOut),
    (Stall(after=9), TimedOut),
    (Dribble(pause=0.2), TimedOut),
    (HangUpOnBody(), ConnectionLost),
    (WrongCommand(), ProtocolError),
    (WrongCommand(command=0), ProtocolError),
    (LieAboutLength(by=-(2**62)), ProtocolError),
    (Refuse(2), NotFound),
    (Refuse(22), BadArgument),
    (Refuse(28), NoSpace),
    (Refuse(5), ServerFailed),
    (StrayBody(status=2), NotFound),
    (StrayBody(status=28), NoSpace),
]

LEAVES_A_GOOD_ONE = [(operation.name, Refuse(2)) for operation in STORAGE_OPERATIONS] + [("DOWNLOAD", Refuse(22))]
"""A storage keeps the connection after a 2; a refused download asks once more, for the size of the file."""


@pytest.fixture
def appender(client: Client) -> str:
    file_id = client.upload_appender(PAYLOAD)
    client.set_metadata(file_id, {"key": "value"})
    return file_id


@pytest.mark.parametrize(("fault", "error"), FAULTS, ids=lambda value: str(getattr(value, "__name__", value)))
@pytest.mark.parametrize("operation", STORAGE_OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_ends_with_the_right_error(
    cluster: Cluster,
    client: Client,
    impatient: Client,
    appender: str,
    operation: Operation,
    fault: Fault,
    error: type[FastDfsError],
) -> None:
    """No pair of operation and fault hangs, spins, or spoils what comes next."""
    client = impatient if error is TimedOut else client
    cluster.storage.misbehave(fault, command=Command[operation.name], times=EVER)
    with fails_quietly(error):
        operation.run(client, appender)
    cluster.storage.behave()
    assert client._pool.idle(cluster.storage.address) == int((operation.name, fault) in LEAVES_A_GOOD_ONE)
    assert_works(client)


@pytest.mark.parametrize(
    "operation", [each for each in STORAGE_OPERATIONS if each.name not in ("GET_METADATA", "DOWNLOAD")],
    ids=lambda operation: operation.name,
)  # fmt: skip
def test_a_body_of_another_length_is_no_answer(cluster: Cluster, client: Client, operation: Operation) -> None:
    """Where the length is fixed, more and less are lies that are seen before a byte of them is read."""
    for fault in (LieAboutLength(by=1), LieAboutLength(by=2**40), Replace(b"x" * 77)):
        file_id = client.upload_appender(PAYLOAD)
        cluster.storage.misbehave(fault, command=Command[operation.name])
        with fails_quietly(ProtocolError):
            operation.run(client, file_id)
        assert_works(client)


def test_a_download_that_is_cut_off_never_looks_whole(cluster: Cluster, client: Client, appender: str) -> None:
    """At the header's end, in the middle, one byte before the end: the error comes, at once."""
    for after in (10, 11, 5_000, 10 + len(PAYLOAD) - 1):
        cluster.storage.misbehave(Close(after=after), command=Command.DOWNLOAD, times=2)
        with fails_quietly(ConnectionLost):
            client.download(appender).read()
        cluster.storage.behave()
    assert_works(client)


def test_a_download_that_stalls_ends_with_its_timeout(cluster: Cluster, impatient: Client, appender: str) -> None:
    """After the header has promised more."""
    for fault in (Stall(after=5_000), Dribble(pause=0.03), LieAboutLength(by=1), LieAboutLength(by=2**40)):
        cluster.storage.misbehave(fault, command=Command.DOWNLOAD)
        with fails_quietly(TimedOut):
            impatient.download(appender).read()
    assert_works(impatient)


def test_a_download_is_never_longer_than_what_was_asked_for(cluster: Cluster, client: Client, appender: str) -> None:
    """Bytes beyond the range would be taken for the range's."""
    cluster.storage.misbehave(Replace(b"x" * 11), command=Command.DOWNLOAD)
    with fails_quietly(ProtocolError):
        client.download(appender, 0, 10)
    assert_works(client)


def test_metadata_that_is_none_is_a_protocol_error(cluster: Cluster, client: Client, appender: str) -> None:
    """Unreadable records, and a length that nobody would keep in memory."""
    for fault in (Replace(b"no separator"), Replace(b"\xff\x02a"), Replace(b"a\x02b\x02c"), LieAboutLength(by=2**30)):
        cluster.storage.misbehave(fault, command=Command.GET_METADATA)
        with fails_quietly(ProtocolError):
            client.get_metadata(appender)
    assert_works(client)


def test_bytes_behind_an_answer_are_never_read_as_the_next(cluster: Cluster, client: Client, appender: str) -> None:
    """Ten zero bytes are a header of another command; a header that looks good is worse."""
    for extra in (b"\0" * 10, b"\0" * 9 + b"\0", b"\0\0\0\0\0\0\0\0\x64\0", b"x"):
        cluster.storage.misbehave(StrayBytes(extra), command=Command.QUERY_FILE_INFO)
        assert client.info(appender).size == len(PAYLOAD)
        assert_works(client)


def test_an_announced_body_where_none_belongs_is_refused(cluster: Cluster, client: Client, appender: str) -> None:
    """It would stand in front of the next answer."""
    cluster.storage.misbehave(StrayBody(), command=Command.DELETE)
    with fails_quietly(ProtocolError):
        client.delete(appender)
    assert_works(client)


@pytest.mark.parametrize("pieces", [1, 128])
def test_a_full_storage_says_so_in_the_middle_of_a_large_body(cluster: Cluster, client: Client, pieces: int) -> None:
    """It answers and closes while most of the body is still here: its answer wins over the reset."""
    cluster.storage.misbehave(StopReading(status=28), command=Command.UPLOAD)
    with fails_quietly(NoSpace):
        client.upload([bytes((32 << 20) // pieces)] * pieces, size=32 << 20, timeout=4)
    assert_works(client)


def test_a_storage_that_reads_no_further_ends_the_upload(cluster: Cluster, impatient: Client) -> None:
    """More than the sockets' buffers hold, so that sending blocks."""
    cluster.storage.misbehave(StopReading(), command=Command.UPLOAD)
    with fails_quietly(TimedOut):
        impatient.upload(bytes(32 << 20))
    assert_works(impatient)


def test_a_change_is_sent_once_and_a_question_twice(cluster: Cluster, client: Client, appender: str) -> None:
    """A repeated append would append twice; a repeated question harms nobody and saves the caller an error."""
    for command in (Command.APPEND, Command.QUERY_FILE_INFO, Command.DOWNLOAD):
        cluster.storage.misbehave(Close(), command=command)
    with fails_quietly(ConnectionLost):
        client.append(appender, b"x")
    assert cluster.storage.requests[Command.APPEND] == 1
    assert client.info(appender).size == len(PAYLOAD) + 1
    assert client.download(appender).size == len(PAYLOAD) + 1


def test_leaving_a_download_early_spoils_nothing(client: Client, appender: str) -> None:
    """The rest of the file is still on the way: that connection is done for."""
    with client.download(appender) as part:
        next(part, None)
    download = client.download(appender)
    download.close()
    assert_works(client)


def test_time_that_the_caller_takes_is_not_the_servers(impatient: Client, appender: str) -> None:
    """A slow reader, or a slow producer, is no reason to give up; the timeout here is half a second."""

    with impatient.download(appender) as part:
        time.sleep(0.7)
        assert b"".join(part) == PAYLOAD

    def slow() -> Iterator[bytes]:
        yield b"a"
        time.sleep(0.7)
        yield b"b"

    assert impatient.info(impatient.upload(slow(), 2)).size == 2
