"""The keys that the keys of files are wrapped under. Nobody sees one here: they are only named and counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from signet.connection import Connection
from signet.decoding import decode
from signet.errors import AnswerInvalid

_PATH = "/api/v1/file-keys"


@dataclass(frozen=True, slots=True)
class FileKey:
    """One key of the keyring: `standing` is current, superseded or missing; `data_keys` counts those under it."""

    key_id: str
    standing: str
    data_keys: int
    superseded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileKeyring:
    """All of them, and whether a rotation has begun and is not finished."""

    keys: tuple[FileKey, ...]
    rotating: bool = False


@dataclass(frozen=True, slots=True)
class Rotation:
    """How far a rotation has come: `done` on the way to `total`, by the ids of blobs.

    `unreadable` names the blobs of this batch whose data key does not open; the last one names all of them. `after` is
    where to go on.
    """

    current: str
    done: int
    total: int
    after: int
    finished: bool
    unreadable: tuple[int, ...] = ()


class FileKeys:
    """`/api/v1/file-keys`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> FileKeyring:
        """Read which keys there are. Raises Forbidden."""
        return decode(FileKeyring, self._connection.request("GET", _PATH).data)

    def rotate(self) -> Iterator[Rotation]:
        """Bring every data key under a new key, or go on with a rotation that was broken off: a batch per request.

        Files stay readable meanwhile, and no stored byte is rewritten. Raises Forbidden, and AnswerInvalid for an
        answer that leads nowhere.
        """
        after = 0
        while True:
            answer = self._connection.request("POST", f"{_PATH}/rotation", body={"after": after})
            step = decode(Rotation, answer.data)
            yield step
            if step.finished:
                return
            if step.after <= after:
                raise AnswerInvalid("The rotation of the keys does not get on.")
            after = step.after
