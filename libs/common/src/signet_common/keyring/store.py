"""The keyring's file, as rotation changes it. Whoever uses this holds `only_writer`."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from signet_common.keyring.document import KeyringDocument, new_key, read_keyring, replace_keyring
from signet_common.keyring.rotation import KeyringState


class FileKeyringStore:
    """Fulfils the port `KeyringStore`. Everything raises KeyringUnusable."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def state(self) -> KeyringState:
        """Read which keys there are."""
        return _state(self._document())

    def begin(self, at: datetime) -> KeyringState:
        """Add a key under a number that none had before it, and make it the current one."""
        old = self._document()
        key_id = f"k{1 + max(_number(known) for known in old.keys)}"
        new = KeyringDocument(
            current=key_id,
            keys={**old.keys, key_id: new_key()},
            superseded={**old.superseded, old.current: at},
            rotating=True,
        )
        replace_keyring(self._path, new)
        return _state(new)

    def finish(self) -> None:
        """Take the note away."""
        replace_keyring(self._path, replace(self._document(), rotating=False))

    def remove(self, key_id: str) -> None:
        """Forget a superseded key for good."""
        old = self._document()
        keys = {known: key for known, key in old.keys.items() if known != key_id}
        superseded = {known: since for known, since in old.superseded.items() if known != key_id}
        replace_keyring(self._path, replace(old, keys=keys, superseded=superseded))

    def _document(self) -> KeyringDocument:
        return read_keyring(self._path)[0]


def _state(document: KeyringDocument) -> KeyringState:
    return KeyringState(document.current, dict(document.superseded), document.rotating)


def _number(key_id: str) -> int:
    """The current key has always the highest number, and is never removed: no number is used again."""
    digits = key_id.removeprefix("k")
    return int(digits) if digits.isdecimal() else 0
