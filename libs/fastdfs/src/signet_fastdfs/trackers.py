"""Asking the trackers where to go: one after the other, and again for a while when none knows a storage.

The tracker that answered last is asked first. Each gets a slice of the operation's time, so one that stalls costs that
slice and not the operation.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from signet_fastdfs import errors, replies, wire
from signet_fastdfs.deadline import Deadline
from signet_fastdfs.errors import (
    ConnectionLost,
    FastDfsError,
    NoStorage,
    NotFound,
    ProtocolError,
    ServerFailed,
    TimedOut,
)
from signet_fastdfs.pool import Pool
from signet_fastdfs.replies import Place
from signet_fastdfs.wire import Address, Command, FileName

Answer = TypeVar("Answer")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two rounds over the trackers: doubled from one to the other."""


class Trackers:
    """All trackers of one cluster, as one that does not fail before they all do."""

    def __init__(self, addresses: Sequence[Address], pool: Pool, *, slice_seconds: float, storage_wait: float) -> None:
        self._addresses = tuple(addresses)
        self._pool = pool
        self._slice = slice_seconds
        self._storage_wait = storage_wait
        self._first = 0

    def place_for_upload(self, group: str | None, deadline: Deadline) -> Place:
        """Where a new file goes. Raises NoStorage, ConnectionLost, ProtocolError."""
        if group is None:
            return self._ask(Command.STORE, b"", replies.STORE_SIZES, replies.place, deadline)
        body = wire.padded(group, wire.GROUP_SIZE, "group")
        return self._ask(Command.STORE_IN_GROUP, body, replies.STORE_SIZES, replies.place, deadline)

    def server_for(self, command: Command, file: FileName, deadline: Deadline) -> Address:
        """The storage to read `file` from (FETCH) or to change it on (UPDATE). Raises as `place_for_upload`."""
        return self._ask(command, file.body, replies.FETCH_SIZES, replies.server, deadline)

    def _ask(
        self,
        command: Command,
        body: bytes,
        sizes: Collection[int],
        read: Callable[[bytes], Answer],
        deadline: Deadline,
    ) -> Answer:
        """Go round the trackers until one answers, or `storage_wait` is over.

        Once they have said that they know no storage, that is the reason, whatever uses up the rest of the time:
        nothing was sent, which TimedOut would leave open.
        """
        patience, pause = time.monotonic() + self._storage_wait, FIRST_PAUSE
        reason: NoStorage | None = None
        try:
            while True:
                try:
                    return self._ask_each(command, body, sizes, read, deadline)
                except NoStorage as failed:
                    reason = failed
                if time.monotonic() + pause >= patience or deadline.remaining() <= pause:
                    raise reason
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        except TimedOut:
            if reason is None:
                raise
            raise reason from None

    def _ask_each(
        self,
        command: Command,
        body: bytes,
        sizes: Collection[int],
        read: Callable[[bytes], Answer],
        deadline: Deadline,
    ) -> Answer:
        """One round. A tracker that knows no storage may have just started: another one may know better."""
        failures: list[FastDfsError] = []
        first = self._first
        for step in range(len(self._addresses)):
            at = (first + step) % len(self._addresses)
            try:
                answer = read(self._exchange(self._addresses[at], command, body, sizes, deadline))
            except NotFound:
                failures.append(NoStorage(f"tracker {self._addresses[at]} knows no active storage"))
            except (ConnectionLost, ProtocolError, ServerFailed) as failed:
                failures.append(failed)
                deadline.remaining()
            else:
                self._first = at
                return answer
        raise next((each for each in failures if isinstance(each, NoStorage)), failures[-1])

    def _exchange(
        self, address: Address, command: Command, body: bytes, sizes: Collection[int], deadline: Deadline
    ) -> bytes:
        slice_of_time = deadline.within(self._slice)
        with self._pool.connection(address, slice_of_time) as connection:
            connection.send(command, body, slice_of_time)
            return connection.receive_body(sizes, "asking the tracker", slice_of_time)


def addresses_of(trackers: Sequence[Address | str]) -> tuple[Address, ...]:
    """Read what a caller names trackers by. Raises BadArgument."""
    if isinstance(trackers, str) or not trackers:
        raise errors.BadArgument("name at least one tracker, in a list")
    return tuple(each if isinstance(each, Address) else Address.parse(each) for each in trackers)
