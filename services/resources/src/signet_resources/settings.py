"""The settings of the resources service, read once."""

from signet_common.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings, prefix="RESOURCES_"):
    """`RESOURCES_*`. `database_url` may hold a password."""

    database_url: DatabaseUrl
