"""A wrong setting must stop the process with one line that names it, and must not print a secret."""

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from signet_common.settings import DatabaseUrl, ServiceSettings, SettingsError, load_settings


class ProbeSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="PROBE_")

    workers: int = 1
    database_url: DatabaseUrl = SecretStr("sqlite://")


@pytest.fixture(autouse=True)
def _bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_BUS_URL", "sqlite:/somewhere")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_WORKERS", "3")
    assert load_settings(ProbeSettings).workers == 3


def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt limit that is silently ignored is a limit that is not there."""
    monkeypatch.setenv("PROBE_WORKRES", "3")
    with pytest.raises(SettingsError, match="PROBE_WORKRES"):
        load_settings(ProbeSettings)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROBE_BUS_URL")
    with pytest.raises(SettingsError, match=r"^missing setting PROBE_BUS_URL$"):
        load_settings(ProbeSettings)


def test_a_malformed_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_WORKERS", "hunter2")
    with pytest.raises(SettingsError, match="PROBE_WORKERS") as refused:
        load_settings(ProbeSettings)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROBE_DATABASE_URL", "hunter2"),
        ("PROBE_DATABASE_URL", "oracle://user:hunter2@host/x"),
        ("PROBE_PASSPORT_ACCEPTS", "hunter2"),
        ("PROBE_PASSPORT_ISSUES", "gateway:k1:hunter2"),
    ],
)
def test_a_malformed_secret_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf"^malformed setting {name}: is not ") as refused:
        load_settings(ProbeSettings)
    assert "hunter2" not in str(refused.value)
