"""What the command line wires."""

from uuid import uuid4

from signet_common.keyring.rotation import Rotation
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_files import SERVICE
from signet_files.bootstrap.persistence import keyring_rotation, now
from signet_files.settings import Settings


def rotation(settings: Settings, verb: str) -> Rotation:
    """Rotation of the keyring in the name of the verb. Raises KeyringUnusable."""
    database = Database.open(settings.database_url, grouped=False)
    return keyring_rotation(database, settings.keyring, now, deployment(verb))


def deployment(verb: str) -> Passport:
    """Who runs a verb, as its events tell it: whoever holds the deployment's files."""
    return Passport(
        issuer=SERVICE,
        audience=SERVICE,
        request_id=f"{verb.replace(' ', '-')}-{uuid4()}",
        method="",
        target="",
        body_sha256="",
        user_name="deployment",
        authentication="service",
    )
