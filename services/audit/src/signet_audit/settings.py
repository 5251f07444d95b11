"""The settings of the audit service, read once."""

from pydantic_settings import SettingsConfigDict

from signet_common.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings):
    """`AUDIT_*`. `database_url` may hold a password."""

    model_config = SettingsConfigDict(env_prefix="AUDIT_")

    database_url: DatabaseUrl
