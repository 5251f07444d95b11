"""Settings: read once from the environment, frozen, and refused with one line that names what is wrong."""

from signet_common.settings.loading import SettingsError, load_or_exit, load_settings
from signet_common.settings.service import DatabaseUrl, ServiceSettings

__all__ = ["DatabaseUrl", "ServiceSettings", "SettingsError", "load_or_exit", "load_settings"]
