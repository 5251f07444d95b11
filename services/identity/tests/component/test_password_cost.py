"""What a password's hash costs: at least the default, more where a deployment wants more."""

from dataclasses import replace

import pytest

from signet_common.settings import SettingsError, load_settings
from signet_identity.bootstrap.commands import account_recovery, deployment
from signet_identity.bootstrap.web import build
from signet_identity.settings import Settings

NEW_USER = {"user_name": "ada", "password": "correct horse battery"}


@pytest.fixture
def load(sqlite_api, monkeypatch):
    """Return a function that reads the settings of an installation from its environment, where these stand, too."""

    def read(**changes):
        for name in ("database_url", "bus_url", "passport_accepts", "keyring", "contracts_dir"):
            monkeypatch.setenv(f"IDENTITY_{name.upper()}", str(getattr(sqlite_api.settings, name)))
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        return load_settings(Settings)

    return read


def create_user(api, settings):
    """As the web process does that reads `settings`."""
    service = build(settings, database=api.service.database)
    replace(api, client=service.web.test_client()).data("POST", "/api/v1/users", NEW_USER)


@pytest.mark.parametrize(
    ("name", "value", "limits"),
    [
        ("IDENTITY_PASSWORD_MEMORY_KIB", "19455", "from 19456 to 1048576"),
        ("IDENTITY_PASSWORD_MEMORY_KIB", "1048577", "from 19456 to 1048576"),
        ("IDENTITY_PASSWORD_PASSES", "1", "from 2 to 32"),
        ("IDENTITY_PASSWORD_PASSES", "33", "from 2 to 32"),
    ],
)
def test_a_cost_beyond_its_limits_is_refused_by_name(load, name, value, limits):
    """With less a stolen database is cheap to search, with more nobody can sign in."""
    with pytest.raises(SettingsError, match=f"^malformed setting {name}: is not a whole number {limits}$"):
        load(**{name: value})


def test_a_hash_costs_the_least_unless_told_otherwise(load, sqlite_api):
    """argon2id with 19 MiB, two passes and one lane."""
    create_user(sqlite_api, load())
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in sqlite_api.everything_stored()


def test_a_higher_cost_is_that_of_new_hashes(load, sqlite_api):
    """Of those that the web process makes and of those of the command line."""
    settings = load(IDENTITY_PASSWORD_MEMORY_KIB="20480", IDENTITY_PASSWORD_PASSES="3")
    create_user(sqlite_api, settings)
    account_recovery(settings).set_password(deployment("test"), "admin", "another horse battery")
    assert sqlite_api.everything_stored().count("$argon2id$v=19$m=20480,t=3,p=1$") == 2
