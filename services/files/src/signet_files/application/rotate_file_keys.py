"""Give the keyring another key and wrap every data key anew, a batch at each call, while files are read and written.

The keyring's file says that a rotation is on before any row changes, and that it is over once nothing that can be
read lies under another key. So whatever is interrupted goes on with the next call, of whomever: a call that begins
nothing changes nothing twice. Every call holds the keyring alone, as the verbs on the host do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from signet_common.keyring.rotation import KeyringState
from signet_common.observability.timing import timed
from signet_common.passport import Passport
from signet_files.application.file_keys import DataKeyRows, KeyringFile
from signet_files.application.keyring_log import rotation
from signet_files.application.ports import Clock, Record, Transaction, UnitOfWork
from signet_files.domain.errors import KeyringNotWritable

BATCHES = 5
"""Transactions of one call, with pauses between them: on SQLite others wait for the same one writer."""


@dataclass(frozen=True, slots=True)
class RotationStep:
    """How far it is: `done` of `total` by the ids of blobs; where to go on; what does not decrypt and was left."""

    current: str
    done: int
    total: int
    unreadable: tuple[int, ...]
    after: int
    finished: bool


@dataclass(frozen=True, slots=True)
class RotateFileKeys:
    """Rotates, a step at a time. `pause` lets other requests go on."""

    keyring: KeyringFile
    data_keys: DataKeyRows
    unit_of_work: UnitOfWork
    record: Record
    clock: Clock
    pause: Callable[[], None]

    @timed("file_keys.rotate")
    def __call__(self, caller: Passport, after: int) -> RotationStep:
        """Begin a rotation if `after` is 0 and none is on; then wrap the next data keys anew.

        Raises KeyringUnready, and KeyringNotWritable where the host has to begin, unless there is something to go on
        with: data keys that lie under a key which the file calls superseded.
        """
        with self.keyring.alone():
            try:
                self._begin(caller, begins=after == 0)
            except KeyringNotWritable:
                if not self._left_behind(self.keyring.state()):
                    raise
                self._begin(caller, begins=False)
            state = self.keyring.state()
            step = self._step(state.current, after)
            if step.finished and state.rotating:
                self.record(rotation(state.before, state.current, (True, False)), caller)
                self.keyring.finish()
            return step

    def _begin(self, caller: Passport, *, begins: bool) -> None:
        """Once for each Idempotency-Key: a repeated call begins no second rotation, and goes on with the first."""
        was_on = self.keyring.state().rotating

        def work(transaction: Transaction) -> None:
            state = self.keyring.state()
            if begins and not state.rotating:
                state = self.keyring.begin(self.clock())
            transaction.record(rotation(state.before, state.current, (was_on, state.rotating)))

        self.unit_of_work.execute(caller, work, type(None))

    def _step(self, current: str, after: int) -> RotationStep:
        unreadable: set[int] = set()
        last, finished = after, False
        for _ in range(BATCHES):
            batch = self.data_keys.bring_under(current, last)
            if not batch.rows:
                finished = True
                break
            last = batch.last
            unreadable.update(batch.unreadable)
            self.pause()
        if finished:
            unreadable.update(self._sweep(current))
        total = max(self.data_keys.newest(), last)
        done = total if finished else last
        return RotationStep(current, done, total, tuple(sorted(unreadable)), last, finished)

    def _sweep(self, current: str) -> set[int]:
        """Take along whatever was passed over: `after` is the client's word alone. What is left does not decrypt."""
        unreadable: set[int] = set()
        for counted in self.data_keys.usage():
            self.pause()
            last = counted.after
            while counted.keys.keys() - {current} and last < counted.last:
                batch = self.data_keys.bring_under(current, last)
                last = batch.last if batch.rows else counted.last
                unreadable.update(batch.unreadable)
                self.pause()
        return unreadable

    def _left_behind(self, state: KeyringState) -> bool:
        return any(counted.keys.keys() & state.superseded.keys() for counted in self.data_keys.usage())
