"""What the command line wires."""

from signet_common.keyring.rotation import Rotation
from signet_common.sql.database import Database
from signet_scheduler.bootstrap.deployment import deployment, now
from signet_scheduler.bootstrap.persistence import keyring_rotation
from signet_scheduler.settings import Settings


def rotation(settings: Settings, verb: str) -> Rotation:
    """Rotation of the keyring in the name of the verb. Raises KeyringUnusable."""
    database = Database.open(settings.database_url, grouped=False)
    return keyring_rotation(database, settings.keyring, now, deployment(verb))
