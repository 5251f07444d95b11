"""Run by a test in a process of its own: `patched` or `plain`. Prints `fine`."""

import sys

import gevent
import gevent.monkey

PATCHED = sys.argv[1] == "patched"
if PATCHED:
    gevent.monkey.patch_all()

from signet_fastdfs import Client, TimedOut  # noqa: E402
from signet_fastdfs.testing import Cluster, Command, Stall  # noqa: E402

PAYLOAD = bytes(range(256)) * 300


def work(client: Client, turns: int) -> None:
    for _ in range(turns):
        file_id = client.upload(PAYLOAD)
        assert client.download(file_id).read() == PAYLOAD
        client.delete(file_id)


def waiting_blocks_nobody(cluster: Cluster, client: Client, file_id: str) -> None:
    """Eight stalled calls wait side by side where gevent has patched the waiting, else one after the other."""
    cluster.storage.misbehave(Stall(), command=Command.QUERY_FILE_INFO, times=8)
    waiting: list[int] = []
    peak: list[int] = []

    def stalled() -> bool:
        waiting.append(1)
        peak.append(len(waiting))
        try:
            client.info(file_id, timeout=0.4)
        except TimedOut:
            return True
        finally:
            waiting.pop()
        return False

    stalls = [gevent.spawn(stalled) for _ in range(8)]
    gevent.joinall(stalls, timeout=20, raise_error=True)
    assert all(each.value for each in stalls)
    assert max(peak) == (8 if PATCHED else 1)


def a_timeout_of_gevent_spoils_nothing(cluster: Cluster, client: Client, file_id: str) -> None:
    cluster.storage.misbehave(Stall(after=5), command=Command.QUERY_FILE_INFO)
    with gevent.Timeout(0.1, False):
        client.info(file_id)
    work(client, 2)


def other_threads_use_their_own(client: Client) -> None:
    pool = gevent.get_hub().threadpool
    gevent.joinall([pool.spawn(work, client, 5) for _ in range(4)], timeout=20, raise_error=True)
    work(client, 2)


with Cluster() as cluster, Client(cluster.trackers, timeout=20, connect_timeout=5) as client:
    kept = client.upload(PAYLOAD)
    gevent.joinall([gevent.spawn(work, client, 5) for _ in range(10)], timeout=30, raise_error=True)
    waiting_blocks_nobody(cluster, client, kept)
    if PATCHED:
        a_timeout_of_gevent_spoils_nothing(cluster, client, kept)
    other_threads_use_their_own(client)
    print("fine")  # noqa: T201
