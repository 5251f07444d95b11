"""What the command line wires."""

from signet_common.keyring.rotation import Rotation
from signet_common.sql.database import Database
from signet_files.adapters.outbound.disk_threads import directly
from signet_files.application.collect_orphans import CollectOrphans
from signet_files.bootstrap.blobs import open_blobs
from signet_files.bootstrap.collecting import collector
from signet_files.bootstrap.deployment import deployment, now
from signet_files.bootstrap.persistence import keyring_rotation
from signet_files.settings import Settings


def rotation(settings: Settings, verb: str) -> Rotation:
    """Rotation of the keyring in the name of the verb. Raises KeyringUnusable."""
    database = Database.open(settings.database_url, grouped=False)
    return keyring_rotation(database, settings.keyring, now, deployment(verb))


def collect_orphans(settings: Settings) -> CollectOrphans:
    """The collector."""
    return collector(Database.open(settings.database_url, grouped=False), open_blobs(settings.blobs_url, directly))
