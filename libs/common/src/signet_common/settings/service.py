"""What every process of Signet is told, whatever it does."""

from typing import Annotated

from signet_common.settings.loading import WITHOUT_PREFIX, EnvironmentSettings
from signet_common.settings.readers import matching, one_of

_KEY = r"[^:,\s]+:[^:,\s]+:[A-Za-z0-9_-]{43}"

PassportKeysText = Annotated[
    str, matching(rf"{_KEY}(?:,{_KEY})*", "peer:key_id:base64url of 32 bytes, several with commas between")
]
DatabaseUrl = Annotated[
    str,
    matching(
        r"(?:sqlite|mysql\+pymysql|postgresql\+psycopg)://.*", "a URL of sqlite, mysql+pymysql or postgresql+psycopg"
    ),
]
BusUrl = Annotated[str, matching(r"(?:sqlite:/|amqps?://).*", "sqlite:/path or amqp://user:password@host:port/vhost")]
CollectorUrl = Annotated[str | None, matching(r"https?://.*", "a URL of http or https"), WITHOUT_PREFIX]


class ServiceSettings(EnvironmentSettings):
    """The settings that all services share; a service subclasses it with its own `prefix`.

    Passport keys are comma-separated triples of peer, key id and base64url key:
    `PASSPORT_ISSUES` names audiences, `PASSPORT_ACCEPTS` names issuers.
    """

    bus_url: BusUrl
    passport_issues: PassportKeysText = ""
    passport_accepts: PassportKeysText = ""
    log_level: Annotated[str, one_of("DEBUG", "INFO", "WARNING", "ERROR")] = "INFO"
    otel_exporter_otlp_endpoint: CollectorUrl = None
