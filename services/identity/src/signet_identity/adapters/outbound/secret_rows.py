"""Rows that hold a secret. It is bound to its row when it is encrypted, so it comes once the row has an id."""

from sqlalchemy import Connection, Table, update

from signet_common.keyring.ciphers import RowCipher
from signet_identity.adapters.outbound.tables import API_KEYS, SESSIONS

SECRET_ROWS = {API_KEYS: API_KEYS.c.api_key_id, SESSIONS: SESSIONS.c.session_id}
"""Every table with a column `secret` under the keyring, and its id."""


def bind_secret(connection: Connection, keyring: RowCipher, table: Table, row_id: int, secret: str) -> None:
    """Encrypt a secret into the row that was just inserted for it."""
    stored = keyring.encrypt(secret, table=table.name, row_id=row_id, column="secret")
    connection.execute(update(table).where(SECRET_ROWS[table] == row_id).values(secret=stored))
