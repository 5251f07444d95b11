"""What the intentions about the keyring need, and what they find."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from signet_common.keyring.rotation import Batch, Counted, KeyringState

Standing = Literal["current", "superseded", "missing"]


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key of the keyring, and how many data keys lie under it. A missing one is named by data keys alone."""

    key_id: str
    standing: Standing
    superseded_at: datetime | None
    data_keys: int


@dataclass(frozen=True, slots=True)
class FileKeys:
    """All of them; `rotating` tells that a rotation is not over."""

    keys: tuple[FileKey, ...]
    rotating: bool


class KeyringFile(Protocol):
    """The keyring as it lies on disk. Everything raises KeyringUnready."""

    def alone(self) -> AbstractContextManager[None]:
        """Hold off everybody else who would change it."""
        ...

    def state(self) -> KeyringState: ...

    def begin(self, at: datetime) -> KeyringState:
        """Add a key, make it the current one, and note that a rotation is on. Raises KeyringNotWritable."""
        ...

    def finish(self) -> None:
        """Note that the rotation is over. Raises KeyringNotWritable."""
        ...


class DataKeyRows(Protocol):
    """The data keys of all files, in the order of the ids of their blobs."""

    def bring_under(self, key_id: str, after: int) -> Batch:
        """Wrap some of those behind the id `after` anew, in one transaction; none is left where the batch is empty."""
        ...

    def newest(self) -> int:
        """The highest id; 0 where there is none."""
        ...

    def usage(self) -> Iterator[Counted]:
        """How many lie under each key, some thousand rows at a time."""
        ...
