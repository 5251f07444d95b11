"""The settings of the resources service, read once."""

from pydantic_settings import SettingsConfigDict

from signet_common.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings):
    """`RESOURCES_*`. `database_url` may hold a password."""

    model_config = SettingsConfigDict(env_prefix="RESOURCES_")

    database_url: DatabaseUrl
