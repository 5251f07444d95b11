"""What a warm start may skip, and what it must not."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from deploy.local import preflight, preparation
from deploy.local.errors import PreflightFailed
from deploy.local.first_run import newest_sealing_key, refresh
from deploy.local.layout import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "services" / "demo" / "migrations" / "versions"
    folder.mkdir(parents=True)
    (folder / "0001.py").write_text("revision = '0001'")
    return tmp_path


def database(path: Path, revision: str) -> str:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    return f"sqlite:///{path}"


def test_a_prepared_database_is_not_prepared_again(home: Home, root: Path) -> None:
    """Importing the migration tool costs a second that nobody wants to wait for."""
    url = database(root / "a.sqlite3", "0001")
    assert not preparation.is_current(home, "demo", url, root)
    preparation.remember(home, "demo", url, root)
    assert preparation.is_current(home, "demo", url, root)


def test_every_change_of_files_or_database_is_noticed(home: Home, root: Path) -> None:
    """Believing an old memory would start a service on tables that it does not know."""
    url = database(root / "a.sqlite3", "0001")
    preparation.remember(home, "demo", url, root)

    database(root / "a.sqlite3", "0002")
    assert not preparation.is_current(home, "demo", url, root), "a newer version has migrated it"
    (root / "a.sqlite3").unlink()
    assert not preparation.is_current(home, "demo", url, root), "it was removed"
    database(root / "a.sqlite3", "0001")
    assert not preparation.is_current(home, "demo", database(root / "b.sqlite3", "0001"), root), "it is another one"
    (root / "services/demo/migrations/versions/0002.py").write_text("revision = '0002'")
    assert not preparation.is_current(home, "demo", url, root), "there is a new migration"


@pytest.mark.parametrize("url", ["postgresql+psycopg://h/d", "sqlite:////nowhere/x.sqlite3"])
def test_what_cannot_be_read_is_never_believed(home: Home, root: Path, url: str) -> None:
    """The service's own command decides then."""
    preparation.remember(home, "demo", url, root)
    assert not preparation.is_current(home, "demo", url, root)


def test_a_damaged_memory_only_costs_time(home: Home, root: Path) -> None:
    """The file is a shortcut, not a truth."""
    url = database(root / "a.sqlite3", "0001")
    (home.run / "prepared.json").write_text("[1")
    assert not preparation.is_current(home, "demo", url, root)


def test_a_lost_keyring_is_not_replaced_under_an_existing_database(home: Home) -> None:
    """Every API key's secret would become unreadable without a word."""
    preflight.check_keyring_may_be_new(home.keyring("identity"), "identity", None)
    with pytest.raises(PreflightFailed, match=r"identity-keyring\.json is missing"):
        preflight.check_keyring_may_be_new(home.keyring("identity"), "identity", "0001")


def test_the_first_administrators_file_follows_the_port(tmp_path: Path) -> None:
    """Tools read the URL from it."""
    path = tmp_path / "first-run.json"
    path.write_text(json.dumps({"url": "http://127.0.0.1:1", "secret": "s"}))

    refresh(path, "http://127.0.0.1:2")

    assert json.loads(path.read_text()) == {"url": "http://127.0.0.1:2", "secret": "s"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_first_administrators_file_names_the_newest_sealing_key(tmp_path: Path) -> None:
    """A client on this machine pins it from here, and need not believe the network the first time."""
    path, keys = tmp_path / "first-run.json", tmp_path / "keys.json"
    path.write_text(json.dumps({"url": "u", "secret": "s"}))
    assert newest_sealing_key(keys) == ""
    keys.write_text(json.dumps({"keys": [{"key_id": "new"}, {"key_id": "old"}]}))
    refresh(path, "u", newest_sealing_key(keys))
    assert json.loads(path.read_text()) == {"url": "u", "secret": "s", "sealing_key": "new"}
    refresh(path, "u", "")
    assert json.loads(path.read_text())["sealing_key"] == "new"


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json"])
def test_a_file_that_is_not_the_first_run_is_left_alone(tmp_path: Path, content: str) -> None:
    """It may be somebody's note."""
    path = tmp_path / "first-run.json"
    path.write_text(content)
    refresh(path, "http://127.0.0.1:2")
    assert path.read_text() == content
