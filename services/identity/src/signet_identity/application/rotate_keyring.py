"""Rotate identity's keyring, and leave a word of it in the audit log."""

from collections.abc import Callable, Mapping

from signet_common.keyring.rotation import KeyringState, Progress, Rotation
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_identity.application.changes import retired_key, rotated_keyring
from signet_identity.application.ports import UnitOfWork


class RotateKeyring:
    """Rotates, and retires what a rotation left behind."""

    def __init__(self, rotation: Rotation, unit_of_work: UnitOfWork) -> None:
        self._rotation = rotation
        self._unit_of_work = unit_of_work

    def look(self) -> tuple[KeyringState, Mapping[str, int]]:
        """Return which keys there are, and how many secrets lie under each."""
        return self._rotation.look()

    def rotate(self, deployment: Passport, tell: Callable[[Progress], None]) -> KeyringState:
        """Begin a rotation, or go on with the one that was interrupted; return when no row is left behind."""
        return self._rotation.rotate(
            tell, lambda before, current: self._record(deployment, rotated_keyring(before, current))
        )

    def retire(self, deployment: Passport, key_id: str, tell: Callable[[Progress], None]) -> None:
        """Forget a superseded key, after taking along what was stored under it at the last moment. Raises KeyInUse."""
        self._rotation.retire(key_id, tell, lambda: self._record(deployment, retired_key(key_id)))

    def _record(self, deployment: Passport, change: Change) -> None:
        self._unit_of_work.execute(deployment, lambda transaction: transaction.record(change), type(None))
