"""Which keys there are, and what lies under them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from signet_common.keyring.rotation import KeyringState
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_files.application.file_keys import DataKeyRows, FileKey, FileKeys, KeyringFile
from signet_files.application.keyring_log import RESOURCE
from signet_files.application.ports import Record


@dataclass(frozen=True, slots=True)
class ListFileKeys:
    """Counts them all; `pause` lets other requests go on."""

    keyring: KeyringFile
    data_keys: DataKeyRows
    record: Record
    pause: Callable[[], None]

    def __call__(self, caller: Passport) -> FileKeys:
        """Raises KeyringUnready."""
        state, usage = self.keyring.state(), Counter[str]()
        for counted in self.data_keys.usage():
            usage.update(counted.keys)
            self.pause()
        self.record(Change(RESOURCE, "query"), caller)
        key_ids = sorted({state.current, *state.superseded, *usage}, key=lambda key_id: (len(key_id), key_id))
        return FileKeys(tuple(_key(state, key_id, usage[key_id]) for key_id in key_ids), state.rotating)


def _key(state: KeyringState, key_id: str, data_keys: int) -> FileKey:
    if key_id == state.current:
        return FileKey(key_id, "current", None, data_keys)
    if key_id in state.superseded:
        return FileKey(key_id, "superseded", state.superseded[key_id], data_keys)
    return FileKey(key_id, "missing", None, data_keys)
