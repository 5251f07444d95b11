"""What the command line wires."""

from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_identity.adapters.inbound.admin import FirstRunCommand
from signet_identity.adapters.outbound.credentials import SqlCredentials
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.keyring import Keyring
from signet_identity.adapters.outbound.passwords import Argon2Passwords, directly
from signet_identity.adapters.outbound.tables import OUTBOX
from signet_identity.application.first_run import FirstRun
from signet_identity.application.ports import Passwords
from signet_identity.bootstrap.persistence import now, unit_of_work
from signet_identity.settings import Settings


def first_run_command(settings: Settings, *, passwords: Passwords | None = None) -> FirstRunCommand:
    """The first run; `passwords` is used instead of argon2id with its real cost. Raises KeyringUnusable."""
    database = Database.open(settings.database_url, grouped=False)
    keyring, events = Keyring.load(settings.keyring), EventMap(Outbox(OUTBOX))
    credentials = SqlCredentials(database, keyring)
    first_run = FirstRun(unit_of_work(database, keyring, events), passwords or Argon2Passwords(directly), now)
    return FirstRunCommand(first_run, lambda api_key: credentials.api_key(api_key, now()) is not None)
