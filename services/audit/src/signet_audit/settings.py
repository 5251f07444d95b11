"""The settings of the audit service, read once."""

from signet_common.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings, prefix="AUDIT_"):
    """`AUDIT_*`. `database_url` may hold a password."""

    database_url: DatabaseUrl
