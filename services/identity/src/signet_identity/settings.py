"""The settings of identity, read once."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from signet_common.settings import DatabaseUrl, ServiceSettings

HALF_A_DAY = 43_200
MONTH = 31 * 86_400


class Settings(ServiceSettings):
    """`IDENTITY_*`. `database_url` may hold a password.

    `keyring` is the file that secrets at rest lie under, `contracts_dir` the folder that holds `openapi/`, and
    `session_seconds` how long a sign-in lasts.
    """

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    database_url: DatabaseUrl
    keyring: Path
    contracts_dir: Path
    session_seconds: int = Field(default=HALF_A_DAY, ge=60, le=MONTH)
