"""The keyring's file, as requests change it; what is wrong with it goes to the log, and paths to nobody else."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from signet_common.keyring.ciphers import KeyringBusy, KeyringUnusable
from signet_common.keyring.document import only_writer
from signet_common.keyring.rotation import KeyringState
from signet_common.keyring.store import FileKeyringStore
from signet_files.domain.errors import FilesError, KeyringNotWritable, KeyringUnready

_LOGGER = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds in which a request waits for its turn: other requests hold the keyring for a moment, a verb for longer."""


class LocalKeyringFile:
    """Fulfils the port `KeyringFile`."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path
        self._store = FileKeyringStore(path)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock that the verbs on the host hold."""
        with ExitStack() as held:
            with _told(KeyringUnready("somebody else is changing the keyring, or it cannot be locked")):
                held.enter_context(only_writer(self._path, patience=PATIENCE))
            yield

    def state(self) -> KeyringState:
        """Read which keys there are."""
        with _told(KeyringUnready("the keyring cannot be read")):
            return self._store.state()

    def begin(self, at: datetime) -> KeyringState:
        """Add a key and make it the current one."""
        with _told(_not_here()):
            return self._store.begin(at)

    def finish(self) -> None:
        """Take the note away."""
        with _told(_not_here()):
            self._store.finish()


def _not_here() -> KeyringNotWritable:
    return KeyringNotWritable(
        "this process may not write its keyring: run `signet-files keyring rotate` where the keyring is kept"
    )


@contextmanager
def _told(told: FilesError) -> Iterator[None]:
    try:
        yield
    except KeyringBusy:
        raise told from None
    except KeyringUnusable as failed:
        _LOGGER.warning("%s", failed)
        raise told from failed
