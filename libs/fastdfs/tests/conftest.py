"""Clusters to talk to: the double always, a real one where FASTDFS_TRACKERS names it."""

import os
from collections.abc import Iterator

import pytest

from signet_fastdfs import Client
from signet_fastdfs.testing import Cluster

LIVE = os.environ.get("FASTDFS_TRACKERS")
CLUSTERS = ["double", *([pytest.param("real", marks=pytest.mark.servers)] if LIVE else [])]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    """Patient enough for a busy machine, except about storages."""
    with Client(cluster.trackers, timeout=5, connect_timeout=4, storage_wait=0.0) as one:
        yield one


@pytest.fixture
def impatient(cluster: Cluster) -> Iterator[Client]:
    """For what ends by its timeout alone."""
    with Client(cluster.trackers, timeout=0.5, connect_timeout=4, storage_wait=0.0) as one:
        yield one


@pytest.fixture(params=CLUSTERS)
def any_client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of the double, and of a real FastDFS where there is one: both have to answer alike."""
    if request.param == "real":
        with Client((LIVE or "").split(",")) as one:
            yield one
    else:
        with Cluster() as running, Client(running.trackers, storage_wait=0.0) as one:
            yield one
