"""Bytes that arrive in pieces of any size, in groups of the size that is needed; each is copied once at most."""

from collections.abc import Iterable, Iterator


def filled(pieces: Iterable[bytes], size: int) -> Iterator[tuple[memoryview, bool]]:
    """Groups of `size` bytes, and whether it is the last, which may be shorter; nothing at all is one empty group.

    A group is held back until more has come, or nothing more will. It is good until the next one is asked for: those
    that do not lie in one piece share one buffer.
    """
    group = buffer = memoryview(bytearray(size))
    held = 0
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            if held == size:
                yield group, False
                held = 0
            taken = min(size - held, len(rest))
            if taken == size:
                group = rest[:size]
            else:
                group = buffer
                buffer[held : held + taken] = rest[:taken]
            held, rest = held + taken, rest[taken:]
    yield group[:held], True


def batched(pieces: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    """The same pieces, in lists of at least `size` bytes but for the last."""
    batch: list[bytes] = []
    held = 0
    for piece in pieces:
        batch.append(piece)
        held += len(piece)
        if held >= size:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


class Pieces:
    """Pieces from which exact lengths are taken."""

    def __init__(self, pieces: Iterable[bytes | bytearray]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def take(self, count: int) -> memoryview | bytearray:
        """The next `count` bytes; fewer only where the pieces end."""
        if len(self._rest) < count:
            return self._gathered(count)
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def _gathered(self, count: int) -> bytearray:
        gathered = bytearray(self._rest)
        self._rest = memoryview(b"")
        for piece in self._pieces:
            missing = count - len(gathered)
            gathered += memoryview(piece)[:missing]
            self._rest = memoryview(piece)[missing:]
            if len(gathered) == count:
                break
        return gathered
