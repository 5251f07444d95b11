"""The body of a request, read field by field, so that data of any size need not be held."""

from collections.abc import Iterator

from signet_fastdfs import wire
from signet_fastdfs.testing.channel import Channel
from signet_fastdfs.testing.faults import Fault
from signet_fastdfs.testing.peer import drain


class Refused(Exception):
    """The request is answered with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Missing(Refused):
    """No such file, or no metadata."""

    status = 2

    def __init__(self) -> None:
        super().__init__(type(self).status)


class BadRequest(Refused):
    """The request has no meaning."""

    status = 22

    def __init__(self) -> None:
        super().__init__(type(self).status)


class Fields:
    """What is left of a body. The fault of this request acts when the first field is asked for."""

    def __init__(self, channel: Channel, length: int, fault: Fault) -> None:
        self._channel = channel
        self._left = length
        self._fault: Fault | None = fault

    def number(self) -> int:
        value = wire.NUMBER.unpack(self.take(wire.NUMBER.size))[0]
        if value < 0:
            raise BadRequest
        return int(value)

    def text(self, size: int) -> str:
        return self.take(size).decode("latin-1")

    def rest(self) -> str:
        return self.text(self._left)

    def take(self, size: int) -> bytes:
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes as they come."""
        self._let_fault_act()
        if size > self._left:
            raise BadRequest
        for piece in self._channel.pieces(size):
            self._left -= len(piece)
            yield piece

    def expect_left(self, size: int) -> None:
        """Refuse a body that is not as long as its fields say."""
        if self._left != size:
            raise BadRequest

    def drain(self) -> None:
        drain(self._channel, self._left)

    def _let_fault_act(self) -> None:
        fault, self._fault = self._fault, None
        status = fault.before_body(self._channel) if fault else None
        if status:
            raise Refused(status)
