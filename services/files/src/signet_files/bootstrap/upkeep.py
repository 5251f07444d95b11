"""What the web process has beside files themselves: the keys that they lie under, quotas, verification."""

import time

from flask_restx import Namespace

from signet_common.keyring.ciphers import RowCipher
from signet_common.sql.database import Database
from signet_common.sql.stored_secrets import SqlSecrets
from signet_files.adapters.inbound.keys_http import KeyApplication, key_namespace
from signet_files.adapters.inbound.quotas_http import QuotaApplication, quota_namespace
from signet_files.adapters.inbound.verification_http import verification_namespace
from signet_files.adapters.outbound.event_map import EventMap
from signet_files.adapters.outbound.file_cipher import AesGcmFileCipher
from signet_files.adapters.outbound.keyring_file import LocalKeyringFile
from signet_files.adapters.outbound.queries import SqlFileQueries
from signet_files.adapters.outbound.quotas import SqlQuotaQueries
from signet_files.adapters.outbound.tables import DATA_KEYS
from signet_files.application.list_file_keys import ListFileKeys
from signet_files.application.read_file import ReadFile
from signet_files.application.rotate_file_keys import RotateFileKeys
from signet_files.application.set_quota import SetQuota
from signet_files.application.verify_file import VerifyFile
from signet_files.bootstrap.deployment import now
from signet_files.bootstrap.persistence import MIB, recording, unit_of_work
from signet_files.settings import Settings


def let_others() -> None:
    """Give gevent's loop a turn, which a long piece of work would hold up."""
    time.sleep(0)


def keys(settings: Settings, database: Database, keyring: RowCipher) -> Namespace:
    """The keyring's keys and their rotation."""
    file, rows, record = (
        LocalKeyringFile(settings.keyring),
        SqlSecrets(database, DATA_KEYS, keyring),
        recording(database),
    )
    return key_namespace(
        KeyApplication(
            list_file_keys=ListFileKeys(file, rows, record, let_others),
            rotate_file_keys=RotateFileKeys(file, rows, unit_of_work(database, 0), record, now, let_others),
        )
    )


def quotas(settings: Settings, database: Database, events: EventMap) -> Namespace:
    """What users store, and may store."""
    quota = settings.quota_mib * MIB
    application = QuotaApplication(SetQuota(unit_of_work(database, quota)), SqlQuotaQueries(database, events, quota))
    return quota_namespace(application)


def verification(read_file: ReadFile, database: Database, events: EventMap) -> Namespace:
    """Verification of what `read_file` reads."""
    return verification_namespace(
        VerifyFile(
            files=SqlFileQueries(database, events),
            stored=read_file.stored,
            blobs=read_file.blobs,
            cipher=AesGcmFileCipher(),
            record=recording(database),
            pause=let_others,
            timer=time.monotonic,
        )
    )
