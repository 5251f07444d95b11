"""What every process of Signet is told, whatever it does."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """The settings that all services share; a service subclasses it with its own `env_prefix`.

    Passport keys are comma-separated triples of peer, key id and base64url key:
    `PASSPORT_ISSUES` names audiences, `PASSPORT_ACCEPTS` names issuers.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True)

    bus_url: str = Field(pattern=r"^(sqlite:/|amqps?://)")
    passport_issues: SecretStr = SecretStr("")
    passport_accepts: SecretStr = SecretStr("")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT", pattern=r"^https?://"
    )
