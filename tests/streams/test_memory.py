"""A gigabyte in each direction, and what the gateway needs for it."""

import hashlib
import json
import threading
from pathlib import Path

import pytest
from tests.streams.blob_service import BLOBS
from tests.streams.conftest import Door, House, answer_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

GIB = 1024**3
PIECE = bytes(1024**2)
MOST_KB = 32 * 1024


@pytest.fixture(params=["direct", pytest.param("nginx", marks=pytest.mark.servers)])
def door(request: pytest.FixtureRequest, house: House) -> Door:
    return house.doors(request.param)


def test_a_gigabyte_each_way_at_once_leaves_the_gateway_as_small_as_it_was(house: House, door: Door) -> None:
    """Measured at its peak, which the kernel remembers."""
    worker = house.gateway_worker()
    download(door, 1024)
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # forgets the peak so far, proc(5)
    before = memory_kb(worker, "VmRSS")
    stored: list[int] = []
    uploading = threading.Thread(target=lambda: stored.append(upload(door)))
    uploading.start()
    assert download(door, GIB) == GIB
    uploading.join()
    assert stored == [GIB]
    grown = memory_kb(worker, "VmHWM") - before
    print(f"the gateway grew by {grown} kB")
    assert grown < MOST_KB


def upload(door: Door) -> int:
    """Send a gigabyte of zeros; returns what the service says to have stored."""
    digest = hashlib.sha256()
    for _ in range(GIB // len(PIECE)):
        digest.update(PIECE)
    with door.connect() as client:
        head = door.head("POST", BLOBS, sha256=digest.hexdigest(), headers={"Content-Length": str(GIB)})
        client.sendall(head)
        for _ in range(GIB // len(PIECE)):
            client.sendall(PIECE)
        return int(json.loads(answer_of(client).read())["data"]["size"])


def download(door: Door, size: int) -> int:
    """Take `size` zeros; returns how many came."""
    with door.connect() as client:
        client.sendall(door.head("GET", f"{BLOBS}/1/content?size={size}"))
        answer = answer_of(client)
        assert answer.status == 200
        received = 0
        while data := answer.read(len(PIECE)):
            received += len(data)
        return received


def memory_kb(process: int, field: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
