"""The key of each stored stream, wrapped under the keyring and bound to its row.

Whoever erases what `draw` returned to be stored has made that stream unreadable, and no other.
"""

import secrets

from signet_common.keyring.ciphers import RowCipher, SecretUnreadable
from signet_files.adapters.outbound.file_format import KEY_BYTES
from signet_files.domain.errors import FileDamaged, FileDestroyed

TABLE, COLUMN = "blobs", "data_key"
"""Where wrapped keys stand. Part of what is authenticated, so neither may ever be renamed."""


class DataKeys:
    """Draws data keys, and unwraps them again."""

    def __init__(self, keyring: RowCipher) -> None:
        self._keyring = keyring

    def draw(self, blob_id: int) -> tuple[bytes, str]:
        """A key that never was before, and the text to store in the row of its blob."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, self._keyring.encrypt_bytes(key, table=TABLE, row_id=blob_id, column=COLUMN)

    def unwrap(self, blob_id: int, stored: str | None) -> bytes:
        """The key of a blob. Raises FileDestroyed where it has been erased, FileDamaged where it does not decrypt."""
        if not stored:
            raise FileDestroyed(f"the key of blob {blob_id} has been destroyed")
        try:
            return self._keyring.decrypt_bytes(stored, table=TABLE, row_id=blob_id, column=COLUMN)
        except SecretUnreadable:
            raise FileDamaged(f"the key of blob {blob_id} does not decrypt") from None
