"""Connections are reused when they are good, and only then; by threads, greenlets and forks alike."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from libs.fastdfs.tests.watch import HANG, PAYLOAD, assert_works

from signet_fastdfs import Client
from signet_fastdfs.testing import Close, Cluster, Command, Stall

IN_GREENLETS = Path(__file__).with_name("in_greenlets.py")


def test_one_caller_needs_one_connection_to_each_server(cluster: Cluster, client: Client) -> None:
    """Opening one per request would cost more than the request."""
    for _ in range(3):
        assert_works(client)
    assert (cluster.tracker.accepted, cluster.storage.accepted) == (1, 1)


def test_connections_that_the_server_closed_are_not_used(cluster: Cluster, client: Client) -> None:
    """A change sent on one would be lost, and changes are not repeated."""
    appender = client.upload_appender(PAYLOAD)
    for _ in range(3):
        cluster.storage.drop_connections()
        cluster.tracker.drop_connections()
        time.sleep(0.05)
        client.append(appender, b"!")
    assert client.info(appender).size == len(PAYLOAD) + 3


def test_a_server_that_was_restarted_is_connected_to_again(cluster: Cluster, client: Client) -> None:
    """All pooled connections died with it."""
    assert_works(client)
    cluster.storage.stop()
    cluster.storage.start()
    assert_works(client)


def test_a_connection_that_idled_is_asked_whether_it_lives(cluster: Cluster) -> None:
    """A peer that vanished without a word leaves a socket that looks well; a change must not be spent on it."""
    with Client(cluster.trackers, timeout=HANG, connect_timeout=0.3, check_after=0.0) as client:
        appender = client.upload_appender(PAYLOAD)
        client.append(appender, b"!")
        assert cluster.storage.requests[Command.ACTIVE_TEST] == 1
        for fault in (Stall(), Close()):
            before = cluster.storage.accepted
            cluster.storage.misbehave(fault, command=Command.ACTIVE_TEST)
            client.append(appender, b"!")
            assert cluster.storage.accepted == before + 1
        assert client.info(appender).size == len(PAYLOAD) + 3


def test_no_more_connections_wait_than_are_allowed(cluster: Cluster) -> None:
    """Eight callers at once leave two connections."""
    with Client(cluster.trackers, timeout=HANG, max_idle=2) as client:
        file_id = client.upload(PAYLOAD)
        downloads = [client.download(file_id) for _ in range(8)]
        assert all(download.read() == PAYLOAD for download in downloads)
        assert client._pool.idle(cluster.storage.address) == 2
    assert client._pool.idle(cluster.storage.address) == 0


def test_threads_share_a_client(cluster: Cluster) -> None:
    """Each gets its own bytes back, whatever faults happen beside it."""
    failures: list[Exception] = []

    def work(client: Client, mark: int) -> None:
        try:
            for turn in range(15):
                data = bytes([mark, turn]) * 3_000
                file_id = client.upload(data)
                assert client.download(file_id).read() == data
                assert client.info(file_id).size == len(data)
                client.delete(file_id)
        except Exception as failed:  # noqa: BLE001 - whatever it is, the test has to see it
            failures.append(failed)

    cluster.storage.misbehave(Close(), command=Command.QUERY_FILE_INFO, times=1)
    with Client(cluster.trackers, timeout=30) as client:
        threads = [threading.Thread(target=work, args=(client, mark)) for mark in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert failures == []
    assert not cluster.storage.files


def test_a_fork_does_not_share_connections(cluster: Cluster, client: Client) -> None:
    """Two processes on one connection would read each other's answers."""
    file_id = client.upload(PAYLOAD)
    child = os.fork()
    if child == 0:
        try:
            os._exit(client._pool.idle(cluster.storage.address) if client.info(file_id, timeout=HANG).size else 9)
        finally:
            os._exit(8)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert cluster.storage.accepted == 2
    assert_works(client)


@pytest.mark.parametrize("patched", ["patched", "plain"])
def test_greenlets_share_a_client(patched: str) -> None:
    """Under gevent's patches waiting blocks no other greenlet, a gevent.Timeout leaves no half-read connection, and a
    connection never wanders to another thread's loop; without the patches it works as with threads."""
    ended = subprocess.run(
        [sys.executable, IN_GREENLETS, patched], timeout=60, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["fine"]
