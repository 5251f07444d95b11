"""A wrong setting must stop the process with one line that names it, and must not print a secret."""

from pathlib import Path
from typing import Annotated

import pytest

from signet_common.settings import (
    DatabaseUrl,
    ServiceSettings,
    SettingsError,
    load_or_exit,
    load_settings,
    number,
    whole_number,
)


class ProbeSettings(ServiceSettings, prefix="PROBE_"):
    workers: Annotated[int, whole_number(least=1, most=64)] = 1
    patience: Annotated[float, number(above=0)] = 2.0
    folder: Path = Path("/nowhere")
    database_url: DatabaseUrl = "sqlite://"


@pytest.fixture(autouse=True)
def _bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_BUS_URL", "sqlite:/somewhere")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in the type that its user needs."""
    for name, text in {"WORKERS": "3", "PATIENCE": "0.5", "FOLDER": "/srv", "LOG_LEVEL": "DEBUG"}.items():
        monkeypatch.setenv(f"PROBE_{name}", text)
    settings = load_settings(ProbeSettings)
    assert (settings.workers, settings.patience, settings.folder) == (3, 0.5, Path("/srv"))
    assert (settings.bus_url, settings.log_level) == ("sqlite:/somewhere", "DEBUG")


def test_what_is_not_set_or_empty_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass on variables that nobody has set as empty ones."""
    monkeypatch.setenv("PROBE_WORKERS", "")
    assert load_settings(ProbeSettings).workers == 1


def test_a_required_setting_must_not_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is not an address."""
    monkeypatch.setenv("PROBE_BUS_URL", "")
    with pytest.raises(SettingsError, match=r"^missing setting PROBE_BUS_URL$"):
        load_settings(ProbeSettings)


def test_the_collector_is_told_as_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry names this variable, so that all programs of a machine share it."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert load_settings(ProbeSettings).otel_exporter_otlp_endpoint == "http://127.0.0.1:4318"


def test_settings_cannot_change() -> None:
    """What was read at the start is what the process runs with."""
    with pytest.raises(AttributeError):
        load_settings(ProbeSettings).workers = 2  # type: ignore[misc]


def test_settings_do_not_show_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object like this ends up in tracebacks and debuggers."""
    monkeypatch.setenv("PROBE_DATABASE_URL", "postgresql+psycopg://user:hunter2@host/x")
    assert "hunter2" not in repr(load_settings(ProbeSettings))


def test_a_mistake_ends_a_process_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever deploys reads it in the supervisor's log."""
    monkeypatch.delenv("PROBE_BUS_URL")
    with pytest.raises(SystemExit) as ended:
        load_or_exit(ProbeSettings)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "missing setting PROBE_BUS_URL\n"


def test_an_unknown_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt limit that is silently ignored is a limit that is not there."""
    monkeypatch.setenv("PROBE_WORKRES", "3")
    with pytest.raises(SettingsError, match="PROBE_WORKRES"):
        load_settings(ProbeSettings)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROBE_BUS_URL")
    with pytest.raises(SettingsError, match=r"^missing setting PROBE_BUS_URL$"):
        load_settings(ProbeSettings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROBE_WORKERS", "hunter2"),
        ("PROBE_WORKERS", "0"),
        ("PROBE_WORKERS", "65"),
        ("PROBE_WORKERS", "3.0"),
        ("PROBE_WORKERS", "1_0"),
        ("PROBE_PATIENCE", "0"),
        ("PROBE_PATIENCE", "nan"),
        ("PROBE_PATIENCE", "9" * 400),
        ("PROBE_LOG_LEVEL", "LOUD"),
        ("PROBE_BUS_URL", "redis://user:hunter2@host"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4317"),
        ("PROBE_DATABASE_URL", "hunter2"),
        ("PROBE_DATABASE_URL", "oracle://user:hunter2@host/x"),
        ("PROBE_PASSPORT_ACCEPTS", "hunter2"),
        ("PROBE_PASSPORT_ISSUES", "gateway:k1:hunter2"),
    ],
)
def test_a_malformed_setting_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Any of them may be a secret that went into the wrong variable."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf"^malformed setting {name}: is not ") as refused:
        load_settings(ProbeSettings)
    assert "hunter2" not in str(refused.value)
