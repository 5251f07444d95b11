"""Leave a word in the audit log of what is done to the keyring."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_identity.application.changes import retired_key, rotated_keyring
from signet_identity.application.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class KeyringLog:
    """Fulfils `signet_common.keyring.rotation.RotationLog`, in the name of whoever rotates."""

    unit_of_work: UnitOfWork
    caller: Passport

    def rotated(self, before: str, current: str) -> None:
        """Record that every secret lies under another key."""
        self._record(rotated_keyring(before, current))

    def retired(self, key_id: str) -> None:
        """Record that a key is forgotten."""
        self._record(retired_key(key_id))

    def _record(self, change: Change) -> None:
        self.unit_of_work.execute(self.caller, lambda transaction: transaction.record(change), type(None))
