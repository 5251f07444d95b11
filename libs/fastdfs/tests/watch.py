"""An operation that has to fail, watched: how long it took, and how much of a core."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from signet_fastdfs import Client

PAYLOAD = bytes(range(256)) * 64
HANG = 5.0
"""Seconds after which an operation with a timeout of half a second counts as stuck, on a machine under load."""
BUSY = 0.15
"""Seconds of CPU that only a loop spends in half a second of waiting."""


class Operation(NamedTuple):
    """Something to do with a client and the id of a file of its."""

    name: str
    run: Callable[[Client, str], object]


STORAGE_OPERATIONS = [
    Operation("UPLOAD", lambda client, _: client.upload(PAYLOAD)),
    Operation("UPLOAD_APPENDER", lambda client, _: client.upload_appender(PAYLOAD)),
    Operation("APPEND", lambda client, file_id: client.append(file_id, PAYLOAD)),
    Operation("MODIFY", lambda client, file_id: client.modify(file_id, 0, PAYLOAD)),
    Operation("TRUNCATE", lambda client, file_id: client.truncate(file_id, 1)),
    Operation("REGENERATE", lambda client, file_id: client.regenerate(file_id)),
    Operation("DOWNLOAD", lambda client, file_id: client.download(file_id).read()),
    Operation("DELETE", lambda client, file_id: client.delete(file_id)),
    Operation("SET_METADATA", lambda client, file_id: client.set_metadata(file_id, {"a": "b"})),
    Operation("GET_METADATA", lambda client, file_id: client.get_metadata(file_id)),
    Operation("QUERY_FILE_INFO", lambda client, file_id: client.info(file_id)),
]


@contextmanager
def fails_quietly(error: type[Exception]) -> Iterator[None]:
    """Exactly `error` comes, soon, and the waiting cost no CPU."""
    began, cpu = time.monotonic(), time.thread_time()
    with pytest.raises(error) as raised:
        yield
    assert raised.type is error
    assert time.monotonic() - began < HANG
    assert time.thread_time() - cpu < BUSY


def assert_works(client: Client) -> None:
    """The client does whole operations afterwards: no connection is off by a byte."""
    for _ in range(3):
        file_id = client.upload(PAYLOAD, timeout=HANG)
        assert client.download(file_id, timeout=HANG).read() == PAYLOAD
        client.delete(file_id, timeout=HANG)
