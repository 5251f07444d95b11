"""The keys that the keys of files lie under, and their rotation."""

from flask_restx import Namespace

from signet_common.keyring.ciphers import RowCipher
from signet_common.sql.database import Database
from signet_common.sql.stored_secrets import SqlSecrets
from signet_files.adapters.inbound.keys_http import KeyApplication, key_namespace
from signet_files.adapters.outbound.keyring_file import LocalKeyringFile
from signet_files.adapters.outbound.tables import DATA_KEYS
from signet_files.application.list_file_keys import ListFileKeys
from signet_files.application.ports import UnitOfWork
from signet_files.application.rotate_file_keys import RotateFileKeys
from signet_files.bootstrap.deployment import now
from signet_files.bootstrap.pauses import let_others
from signet_files.bootstrap.persistence import recording
from signet_files.settings import Settings


def keys_of_files(settings: Settings, database: Database, keyring: RowCipher, work: UnitOfWork) -> Namespace:
    """What lists and rotates them."""
    file, rows = LocalKeyringFile(settings.keyring), SqlSecrets(database, DATA_KEYS, keyring)
    record = recording(database)
    return key_namespace(
        KeyApplication(
            list_file_keys=ListFileKeys(file, rows, record, let_others),
            rotate_file_keys=RotateFileKeys(file, rows, work, record, now, let_others),
        )
    )
