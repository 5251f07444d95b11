"""A wrong setting stops the process with one line that names it."""

import ipaddress
import os
import subprocess
import sys

import pytest

from signet_common.settings import SettingsError, load_settings
from signet_gateway.settings import GatewaySettings

GOOD = {
    "GATEWAY_BUS_URL": "sqlite:/tmp/bus.sqlite3",
    "GATEWAY_NONCES_URL": "sqlite:/tmp/nonces.sqlite3",
    "GATEWAY_CONTRACTS_DIR": "/tmp/contracts",
    "GATEWAY_UPSTREAMS": "identity=http://127.0.0.1:7001,resources=http://[::1]:7002",
    "GATEWAY_PASSPORT_ISSUES": "",
}


@pytest.fixture
def environment(monkeypatch):
    """Return a function that replaces the process's GATEWAY_* variables."""

    def use(**changes):
        for name, value in (GOOD | changes).items():
            monkeypatch.setenv(name, value)

    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        monkeypatch.delenv(name)
    return use


def test_settings_are_read_as_they_are_written(environment):
    """Addresses of services and proxies become what the adapters need."""
    environment(
        GATEWAY_TRUSTED_PROXIES="127.0.0.1/32, ::1",
        GATEWAY_CORS_ORIGINS="https://app.example.org, http://[::1]:3000",
        GATEWAY_OPERATION_RATES="signIn=10/minute,createUser=5/second",
    )
    settings = load_settings(GatewaySettings)
    assert settings.upstreams == {"identity": "127.0.0.1:7001", "resources": "[::1]:7002"}
    assert settings.trusted_proxies == (ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("::1/128"))
    assert settings.nonces_url == "sqlite:/tmp/nonces.sqlite3"
    assert settings.max_body_bytes == 1_048_576
    assert settings.cors_origins == ("https://app.example.org", "http://[::1]:3000")
    assert settings.operation_rates == (("signIn", "10/minute"), ("createUser", "5/second"))


def test_services_and_proxies_on_this_machine_are_reached_by_path(environment):
    """107 bytes are what the kernel takes."""
    longest = f"unix:/{'é' * 53}"
    environment(GATEWAY_UPSTREAMS=f"identity={longest},audit=http://audit:80", GATEWAY_TRUSTED_PROXIES="unix, ::1")
    settings = load_settings(GatewaySettings)
    assert settings.upstreams == {"identity": longest, "audit": "audit:80"}
    assert settings.trusted_proxies == ("unix", ipaddress.ip_network("::1/128"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_UPSTREAMS", "identity"),
        ("GATEWAY_UPSTREAMS", "identity=https://127.0.0.1"),
        ("GATEWAY_UPSTREAMS", "identity=http://127.0.0.1:7001/path"),
        ("GATEWAY_UPSTREAMS", "identity=http://127.0.0.1:port"),
        ("GATEWAY_UPSTREAMS", "=unix:/run/identity.sock"),
        ("GATEWAY_UPSTREAMS", "identity=unix:"),
        ("GATEWAY_UPSTREAMS", "identity=unix:run/identity.sock"),
        ("GATEWAY_UPSTREAMS", "identity=unix://run/identity.sock"),
        ("GATEWAY_UPSTREAMS", "identity=unix:/run/"),
        ("GATEWAY_UPSTREAMS", "identity=unix:/run/a\nb"),
        ("GATEWAY_UPSTREAMS", f"identity=unix:/{'é' * 53}s"),
        ("GATEWAY_UPSTREAMS", "identity=http+unix:/run/identity.sock"),
        ("GATEWAY_UPSTREAMS", "resources=http://127.0.0.1:7002"),
        ("GATEWAY_TRUSTED_PROXIES", "everybody"),
        ("GATEWAY_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("GATEWAY_TRUSTED_PROXIES", "unix:/run/gateway.sock"),
        ("GATEWAY_NONCES_URL", "redis://127.0.0.1/nonces"),
        ("GATEWAY_NONCES_URL", "sqlite:relative"),
        ("GATEWAY_MAX_BODY_BYTES", "-1"),
        ("GATEWAY_PUBLIC_RATE", "0"),
        ("GATEWAY_CREDENTIAL_RATE", "10"),
        ("GATEWAY_ADDRESS_RATE", "0/minute"),
        ("GATEWAY_OPERATION_RATES", "signIn"),
        ("GATEWAY_OPERATION_RATES", "signIn=1/week"),
        ("GATEWAY_LIMITS_URL", "memcached://127.0.0.1"),
        ("GATEWAY_CORS_ORIGINS", "*"),
        ("GATEWAY_CORS_ORIGINS", "null"),
        ("GATEWAY_CORS_ORIGINS", "https://app.example.org/"),
        ("GATEWAY_CORS_ORIGINS", "https://*.example.org"),
    ],
)
def test_a_malformed_setting_is_named(environment, name, value):
    """Whoever deploys reads one line."""
    environment(**{name: value})
    with pytest.raises(SettingsError, match=name):
        load_settings(GatewaySettings)


def start(**changes):
    code = "from signet_gateway.entrypoints.web import create; create()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment | GOOD | changes, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"GATEWAY_TYPO": "1"}, "GATEWAY_TYPO"),
        ({"GATEWAY_CONTRACTS_DIR": "/nowhere"}, "/nowhere/openapi holds no contract"),
    ],
)
def test_the_process_ends_with_one_line_and_code_2(changes, line):
    """A supervisor and a person both see at once that it makes no sense to try again."""
    ended = start(**changes)
    assert ended.returncode == 2
    assert line in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
