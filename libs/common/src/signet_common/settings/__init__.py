"""Settings: read once from the environment, frozen, and refused with one line that names what is wrong."""

from signet_common.settings.addresses import service_addresses
from signet_common.settings.loading import EnvironmentSettings, SettingsError, load_or_exit, load_settings
from signet_common.settings.readers import matching, number, one_of, whole_number
from signet_common.settings.service import DatabaseUrl, ServiceSettings

__all__ = [
    "DatabaseUrl",
    "EnvironmentSettings",
    "ServiceSettings",
    "SettingsError",
    "load_or_exit",
    "load_settings",
    "matching",
    "number",
    "one_of",
    "service_addresses",
    "whole_number",
]
