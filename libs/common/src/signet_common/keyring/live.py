"""The keyring of a running process, which follows its file: a rotation needs no restart.

The file is looked at before each encryption (one `stat`, and only new credentials are encrypted), so that nothing new
lies under a key that was superseded; and when a stored secret names a key that is not known yet.
"""

import logging
from pathlib import Path

from signet_common.keyring.ciphers import Keyring, KeyringUnusable, key_id_of
from signet_common.keyring.document import FileIdentity, read_keyring

_LOGGER = logging.getLogger(__name__)


class LiveKeyring:
    """Fulfils `RowCipher` with whatever the file holds now.

    A file that has become unusable is told to the log; the keys that were read before it go on working, so a slip of an
    operator stops nobody from signing.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises KeyringUnusable."""
        self._path = path
        self._keyring, self._seen = _load(path)

    def encrypt(self, secret: str, *, table: str, row_id: int, column: str) -> str:
        """Encrypt under the key that is current in the file."""
        self._follow()
        return self._keyring.encrypt(secret, table=table, row_id=row_id, column=column)

    def decrypt(self, stored: str, *, table: str, row_id: int, column: str) -> str:
        """Return the secret stored there. Raises SecretUnreadable."""
        return self._knowing(stored).decrypt(stored, table=table, row_id=row_id, column=column)

    def encrypt_bytes(self, secret: bytes, *, table: str, row_id: int, column: str) -> str:
        """Encrypt under the key that is current in the file."""
        self._follow()
        return self._keyring.encrypt_bytes(secret, table=table, row_id=row_id, column=column)

    def decrypt_bytes(self, stored: str, *, table: str, row_id: int, column: str) -> bytes:
        """Return the bytes stored there. Raises SecretUnreadable."""
        return self._knowing(stored).decrypt_bytes(stored, table=table, row_id=row_id, column=column)

    def _knowing(self, stored: str) -> Keyring:
        """The keyring, read again if it lacks the key of a stored secret."""
        if not self._keyring.has(key_id_of(stored)):
            self._follow()
        return self._keyring

    def _follow(self) -> None:
        try:
            if FileIdentity.of(self._path.stat()) != self._seen:
                self._keyring, self._seen = _load(self._path)
        except (OSError, KeyringUnusable) as failed:
            _LOGGER.warning("the keyring's file cannot be followed: %s", failed)


def _load(path: Path) -> tuple[Keyring, FileIdentity]:
    document, identity = read_keyring(path)
    return Keyring(document.current, document.keys), identity
