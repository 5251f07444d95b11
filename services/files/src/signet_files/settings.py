"""The settings of the files service, read once."""

from pathlib import Path
from typing import Annotated

from signet_common.settings import DatabaseUrl, ServiceSettings, matching

BlobsUrl = Annotated[str, matching(r"file:/.*", "file:/folder")]


class Settings(ServiceSettings, prefix="FILES_"):
    """`FILES_*`. `database_url` may hold a password.

    `blobs_url` names the store of the encrypted bytes, and `keyring` the file that their keys are wrapped under.
    """

    database_url: DatabaseUrl
    blobs_url: BlobsUrl
    keyring: Path
