"""A tracker: says which storage to go to. It keeps connections after every answer."""

from collections.abc import Callable

from signet_fastdfs import wire
from signet_fastdfs.testing.channel import Channel, Reply
from signet_fastdfs.testing.faults import Fault
from signet_fastdfs.testing.peer import BAD_REQUEST, Handler, Peer
from signet_fastdfs.testing.storage import Storage
from signet_fastdfs.wire import Command

NOT_FOUND = 2
V4_SIZE, V6_SIZE = 15, 45


class Tracker(Peer):
    """Knows `storages`, and hands them out in turn. `restart` forgets them until their next heartbeat."""

    def __init__(self, storages: list[Storage]) -> None:
        super().__init__()
        self.storages = storages
        self.knows_storages = True
        self.ipv6_sizes = False
        self._turn = 0

    def restart(self) -> None:
        """Stop and start; `heartbeat` makes it know its storages again."""
        self.stop()
        self.knows_storages = False
        self.start()

    def heartbeat(self) -> None:
        """The storages have reported."""
        self.knows_storages = True

    def handlers(self) -> dict[int, Handler]:
        return super().handlers() | {
            Command.STORE: self._answering(lambda body: Reply(BAD_REQUEST) if body else self._place(None)),
            Command.STORE_IN_GROUP: self._answering(self._store_in_group),
            Command.FETCH: self._answering(self._server),
            Command.UPDATE: self._answering(self._server),
            Command.FETCH_ALL: self._answering(self._servers),
        }

    def _answering(self, answer: Callable[[bytes], Reply]) -> Handler:
        def handle(channel: Channel, length: int, fault: Fault) -> Reply:
            body = channel.read(length)
            status = fault.before_body(channel)
            return Reply(status) if status else answer(body)

        return handle

    def _store_in_group(self, body: bytes) -> Reply:
        return self._place(body) if len(body) == wire.GROUP_SIZE else Reply(BAD_REQUEST)

    def _place(self, group: bytes | None) -> Reply:
        active = self._active(group)
        if not active:
            return Reply(NOT_FOUND)
        self._turn += 1
        chosen = active[self._turn % len(active)]
        return Reply(body=self._located(chosen) + b"\0")

    def _server(self, body: bytes) -> Reply:
        if len(body) <= wire.GROUP_SIZE:
            return Reply(BAD_REQUEST)
        active = self._active(body[: wire.GROUP_SIZE])
        return Reply(body=self._located(active[0])) if active else Reply(NOT_FOUND)

    def _servers(self, body: bytes) -> Reply:
        first = self._server(body)
        if first.status:
            return first
        others = self._active(body[: wire.GROUP_SIZE])[1:]
        return Reply(body=first.body + b"".join(self._located(each)[wire.GROUP_SIZE :] for each in others))

    def _active(self, group: bytes | None) -> list[Storage]:
        if not self.knows_storages:
            return []
        return [each for each in self.storages if group in (None, each.group.encode().ljust(wire.GROUP_SIZE, b"\0"))]

    def _located(self, storage: Storage) -> bytes:
        group = wire.padded(storage.group, wire.GROUP_SIZE, "group")
        host = wire.padded(storage.address.host, V6_SIZE if self.ipv6_sizes else V4_SIZE, "address")
        return group + host + wire.number(storage.address.port)
