"""Several trackers, one of which fails; and the time after a restart when none knows a storage."""

import threading
import time

import pytest
from libs.fastdfs.tests.watch import HANG, PAYLOAD, assert_works, fails_quietly

from signet_fastdfs import (
    Address,
    BadArgument,
    Client,
    ConnectionLost,
    FastDfsError,
    NoSpace,
    NoStorage,
    ProtocolError,
    ServerFailed,
    TimedOut,
    Unreachable,
)
from signet_fastdfs.testing import (
    Close,
    Cluster,
    Command,
    Dribble,
    Fault,
    LieAboutLength,
    Refuse,
    Replace,
    Stall,
    StrayBytes,
    WrongCommand,
)

EVER = 10**6
BAD_PORT = b"group1".ljust(16, b"\0") + b"127.0.0.1".ljust(15, b"\0") + (2**40).to_bytes(8, "big") + b"\0"
FAULTS: list[tuple[Fault, type[FastDfsError]]] = [
    (Close(), ConnectionLost),
    (Close(after=20), ConnectionLost),
    (Stall(), TimedOut),
    (Stall(after=30), TimedOut),
    (Dribble(pause=0.05), TimedOut),
    (WrongCommand(), ProtocolError),
    (LieAboutLength(by=1), ProtocolError),
    (LieAboutLength(by=2**40), ProtocolError),
    (LieAboutLength(by=-100), ProtocolError),
    (Replace(b"\0" * 40), ProtocolError),
    (Replace(b"\xff" * 40), ProtocolError),
    (Replace(BAD_PORT), ProtocolError),
    (Refuse(5), ServerFailed),
    (Refuse(22), BadArgument),
    (Refuse(28), NoSpace),
    (Refuse(2), NoStorage),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS, ids=lambda value: str(getattr(value, "__name__", value))[:40])
def test_a_tracker_alone_that_fails_is_an_error_in_time(
    cluster: Cluster, client: Client, impatient: Client, fault: Fault, error: type[FastDfsError]
) -> None:
    """As with storages: right error, no spinning, nothing spoilt."""
    client = impatient if error is TimedOut else client
    cluster.tracker.misbehave(fault, command=Command.STORE, times=EVER)
    with fails_quietly(error):
        client.upload(b"x")
    cluster.tracker.behave()
    assert_works(client)


@pytest.mark.parametrize(
    ("fault", "error"), [(fault, error) for fault, error in FAULTS if error not in (BadArgument, NoSpace)], ids=str
)
def test_another_tracker_takes_over(fault: Fault, error: type[FastDfsError]) -> None:
    """One bad tracker of two is not noticed, and is not asked first the next time."""
    seconds = 0.3 if error is TimedOut else HANG
    with Cluster(trackers=2) as cluster, Client(cluster.trackers, timeout=HANG, connect_timeout=seconds) as client:
        cluster.tracker.misbehave(fault, times=EVER)
        assert_works(client)
        assert sum(cluster.tracker.requests.values()) == 1


def test_a_tracker_that_is_down_is_passed_over_and_found_again() -> None:
    """And when all are down, the error says that nothing was sent."""
    with Cluster(trackers=2) as cluster, Client(cluster.trackers, timeout=HANG) as client:
        assert_works(client)
        cluster.all_trackers[0].stop()
        assert_works(client)
        cluster.all_trackers[1].stop()
        with fails_quietly(Unreachable):
            client.upload(b"x")
        cluster.all_trackers[0].start()
        assert_works(client)
        cluster.all_trackers[1].start()


def test_no_storage_is_waited_out_after_a_restart(cluster: Cluster) -> None:
    """A tracker that restarts knows no storage until their heartbeat: the caller sees a slow answer, no error."""
    with Client(cluster.trackers, timeout=HANG, storage_wait=HANG) as client:
        file_id = client.upload(PAYLOAD)
        cluster.tracker.restart()
        threading.Timer(0.5, cluster.tracker.heartbeat).start()
        cpu = time.thread_time()
        assert client.download(file_id).read() == PAYLOAD
        assert time.thread_time() - cpu < 0.2
        assert cluster.tracker.requests[Command.FETCH] < 10
        assert_works(client)


def test_waiting_for_a_storage_has_an_end(cluster: Cluster) -> None:
    """The shorter of `storage_wait` and the timeout; the error is NoStorage in both cases, never "not found"."""
    with Client(cluster.trackers, timeout=HANG, storage_wait=0.3) as client:
        file_id = client.upload(PAYLOAD)
        cluster.tracker.restart()
        for operation in (
            lambda: client.upload(b"x"),
            lambda: client.download(file_id),
            lambda: client.delete(file_id),
        ):
            with fails_quietly(NoStorage):
                operation()
        assert client._pool.idle(cluster.tracker.address) == 1
        with Client(cluster.trackers, storage_wait=HANG) as hurried, fails_quietly(NoStorage):
            hurried.upload(b"x", timeout=0.7)  # gives up when less than the next pause is left, after 0.3 s
        cluster.tracker.heartbeat()
        assert_works(client)


def test_a_tracker_that_knows_better_is_asked_before_waiting() -> None:
    """One of two has just restarted: no time is lost."""
    with Cluster(trackers=2) as cluster, Client(cluster.trackers, timeout=HANG, storage_wait=HANG) as client:
        cluster.tracker.restart()
        client.upload(b"x")
        assert cluster.tracker.requests[Command.STORE] == 1


def test_addresses_of_ipv6_size_are_read(cluster: Cluster, client: Client) -> None:
    """A tracker may answer 70 and 69 bytes where 40 and 39 are usual."""
    cluster.tracker.ipv6_sizes = True
    assert_works(client)


def test_stray_bytes_of_a_tracker_send_nobody_astray(cluster: Cluster, client: Client) -> None:
    """They would be read as the place of the next upload."""
    cluster.tracker.misbehave(StrayBytes(b"\0" * 7 + b"\x28\x64\0" + BAD_PORT), times=3)
    assert_works(client)
    assert_works(client)


def test_an_upload_asks_again_when_its_storage_cannot_be_reached() -> None:
    """Nothing was sent, so another place is as good; changes to a file have no other place."""
    with Cluster(storages=2) as cluster, Client(cluster.trackers, timeout=HANG) as client:
        file_id = client.upload(PAYLOAD)
        cluster.storage.stop()
        for _ in range(4):
            client.upload(PAYLOAD)
        with fails_quietly(Unreachable):
            client.delete(file_id)
        cluster.storage.start()
        assert_works(client)


def test_a_check_says_whether_a_file_could_be_stored() -> None:
    """Readiness asks it; it stores nothing, and its connection is used again."""
    with Cluster() as cluster, Client(cluster.trackers, timeout=HANG, storage_wait=0.0) as client:
        client.check()
        client.check()
        cluster.storage.stop()
        with fails_quietly(Unreachable):
            client.check()
        cluster.storage.start()
        client.check()
        cluster.tracker.stop()
        with fails_quietly(Unreachable):
            client.check()


def test_addresses_are_read_or_refused() -> None:
    """A wrong setting stops at the start, not at the first file."""
    assert Address.parse("tracker") == Address("tracker", 22122)
    assert Address.parse("[::1]:5") == Address("::1", 5)
    assert Address.parse("[::1]") == Address("::1", 22122)
    assert str(Address("::1", 5)) == "[::1]:5"
    for wrong in ("", ":1", "h:", "h:0", "h:65536", "h:x", "h:1:2", "[::1", "[::1]x", "h:²"):
        with pytest.raises(BadArgument):
            Address.parse(wrong)
    for none in ([], "tracker:22122"):
        with pytest.raises(BadArgument):
            Client(none)
