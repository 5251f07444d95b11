"""What every process of Signet is told, whatever it does."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _shaped(pattern: str, shape: str) -> AfterValidator:
    """Refuse a secret of another shape, by saying the shape and never the secret."""
    expression = re.compile(pattern)

    def check(secret: SecretStr) -> SecretStr:
        if not expression.fullmatch(secret.get_secret_value()):
            raise ValueError(f"is not {shape}")
        return secret

    return AfterValidator(check)


_KEY = r"[^:,\s]+:[^:,\s]+:[A-Za-z0-9_-]{43}"

PassportKeysText = Annotated[
    SecretStr, _shaped(rf"(?:{_KEY}(?:,{_KEY})*)?", "peer:key_id:base64url of 32 bytes, several with commas between")
]
DatabaseUrl = Annotated[
    SecretStr,
    _shaped(
        r"(?:sqlite|mysql\+pymysql|postgresql\+psycopg)://.*", "a URL of sqlite, mysql+pymysql or postgresql+psycopg"
    ),
]


class ServiceSettings(BaseSettings):
    """The settings that all services share; a service subclasses it with its own `env_prefix`.

    Passport keys are comma-separated triples of peer, key id and base64url key:
    `PASSPORT_ISSUES` names audiences, `PASSPORT_ACCEPTS` names issuers.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True)

    bus_url: str = Field(pattern=r"^(sqlite:/|amqps?://)")
    passport_issues: PassportKeysText = SecretStr("")
    passport_accepts: PassportKeysText = SecretStr("")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT", pattern=r"^https?://"
    )
