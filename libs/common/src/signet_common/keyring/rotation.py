"""Give a keyring a new key and bring every stored secret under it, while the service runs.

The file says that a rotation is on before any row changes, and that it is over after the last one did. So a rotation
that was killed goes on with the next call, and one that is over is never repeated by accident of the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from signet_common.keyring.ciphers import KeyInUse

SETTLING = timedelta(minutes=10)
"""How long after a rotation began a process may still store something under the key before: many times the longest
transaction of a web process, which looks at the file before each encryption."""


@dataclass(frozen=True, slots=True)
class KeyringState:
    """Which keys there are, without the keys."""

    current: str
    superseded: Mapping[str, datetime]
    rotating: bool

    @property
    def before(self) -> str:
        """The key that was current before; empty where there was none."""
        return max(self.superseded, key=lambda key_id: self.superseded[key_id], default="")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a table is: rows looked at, of how many."""

    table: str
    done: int
    total: int
    unreadable: tuple[int, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were looked at in the order of their ids: how many, the last id, and the ids that do not decrypt."""

    rows: int
    last: int
    encrypted: int
    unreadable: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many secrets lie under each key, of those behind the id `after` up to `last`."""

    after: int
    last: int
    keys: Mapping[str, int]


class KeyringStore(Protocol):
    """The keyring as it lies on disk."""

    def state(self) -> KeyringState: ...

    def begin(self, at: datetime) -> KeyringState:
        """Add a key, make it the current one, and note that a rotation is on."""
        ...

    def finish(self) -> None:
        """Note that the rotation is over."""
        ...

    def remove(self, key_id: str) -> None: ...


class RotationLog(Protocol):
    """What a service records of it; each before the keyring's file says so: nothing that was done goes untold."""

    def rotated(self, before: str, current: str) -> None:
        """Every secret that can be read lies under `current`."""
        ...

    def retired(self, key_id: str) -> None:
        """Nothing that can be read lies under the key any more; it is about to be forgotten."""
        ...


class StoredSecrets(Protocol):
    """Everything in the database that lies under the keyring."""

    def bring_under(self, key_id: str) -> Iterator[Progress]:
        """Encrypt again, batch by batch, what lies under another key; what is under it already costs a look.

        Rows that do not decrypt are left as they are, and told.
        """
        ...

    def usage(self) -> Mapping[str, int]:
        """Return how many secrets lie under each key."""
        ...


class Rotation:
    """Rotates, and retires what a rotation left behind."""

    def __init__(
        self, store: KeyringStore, secrets: StoredSecrets, clock: Callable[[], datetime], log: RotationLog
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._log = log

    def look(self) -> tuple[KeyringState, Mapping[str, int]]:
        """Return which keys there are, and how many secrets lie under each."""
        return self._store.state(), self._secrets.usage()

    def rotate(self, tell: Callable[[Progress], None]) -> KeyringState:
        """Begin a rotation, or go on with the one that was interrupted; return when no row is left behind."""
        state = self._store.state()
        if not state.rotating:
            state = self._store.begin(self._clock())
        self._bring_under(state.current, tell)
        self._log.rotated(state.before, state.current)
        self._store.finish()
        return self._store.state()

    def retire(self, key_id: str, tell: Callable[[Progress], None]) -> None:
        """Forget a superseded key, after taking along what was stored under it at the last moment.

        Raises:
            KeyInUse: it is current, unknown, part of a rotation that is not over, or superseded too recently.
        """
        state = self._store.state()
        self._check_retirable(state, key_id)
        self._bring_under(state.current, tell)
        self._log.retired(key_id)
        self._store.remove(key_id)

    def _bring_under(self, key_id: str, tell: Callable[[Progress], None]) -> None:
        for progress in self._secrets.bring_under(key_id):
            tell(progress)

    def _check_retirable(self, state: KeyringState, key_id: str) -> None:
        if key_id == state.current:
            raise KeyInUse(f"{key_id} is the current key: rotate first")
        if key_id not in state.superseded:
            raise KeyInUse(f"the keyring has no key {key_id}")
        if state.rotating:
            raise KeyInUse("a rotation is not over: run `keyring rotate` to its end first")
        settled = state.superseded[key_id] + SETTLING
        if self._clock() < settled:
            raise KeyInUse(f"something may still be stored under {key_id}: retire it after {settled:%H:%M:%S} UTC")
