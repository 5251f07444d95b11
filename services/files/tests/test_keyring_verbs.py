"""`signet-files keyring …` as a deployment types it."""

import json
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from signet_common.keyring.document import only_writer
from signet_common.keyring.live import LiveKeyring
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_files import __file__ as package_file
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.tables import BLOBS
from signet_files.adapters.outbound.uploads import SqlUploads
from signet_files.entrypoints.admin import app


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A folder and the environment of a deployment."""
    monkeypatch.setenv("FILES_DATABASE_URL", f"sqlite:///{tmp_path}/files.sqlite3")
    monkeypatch.setenv("FILES_BUS_URL", f"sqlite:{tmp_path}/bus.sqlite3")
    monkeypatch.setenv("FILES_BLOBS_URL", f"file:{tmp_path}/blobs")
    monkeypatch.setenv("FILES_KEYRING", str(tmp_path / "keyring.json"))
    upgrade(f"sqlite:///{tmp_path}/files.sqlite3", migrations_folder(package_file))
    return Path(tmp_path)


def run(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["keyring", *arguments])
    return result.exit_code, result.output.splitlines()


def begin_uploads(home: Path, count: int) -> None:
    database = Database.open(f"sqlite:///{home}/files.sqlite3", grouped=False)
    uploads = SqlUploads(database, DataKeys(LiveKeyring(home / "keyring.json")), 1_000)
    for number in range(count):
        uploads.begin("x", f"name{number}", length=0, by=7, at=datetime.now(UTC))
    database.close()


def test_a_keyring_is_created_for_its_owner_alone_and_never_again(home) -> None:
    """Whatever lies under the one that is there would be lost."""
    assert run("create")[0] == 0
    created = (home / "keyring.json").read_text()
    assert stat.S_IMODE((home / "keyring.json").stat().st_mode) == 0o600
    code, output = run("create")
    assert (code, len(output), (home / "keyring.json").read_text()) == (1, 1, created)


def test_rotating_brings_every_data_key_along_and_the_list_says_so(home) -> None:
    """Also what lies under a key that nobody has any more, which is the news that an operator must not miss."""
    run("create")
    begin_uploads(home, 3)
    database = Database.open(f"sqlite:///{home}/files.sqlite3", grouped=False)
    database.write(lambda c: c.execute(update(BLOBS).where(BLOBS.c.blob_id == 2).values(data_key="k7:AAAA")))
    database.close()
    code, output = run("rotate")
    assert code == 0
    assert output[0].endswith("blobs: 3 of 3")
    assert output[1].endswith("blobs 2 does not decrypt and is left as it is")
    assert output[2].endswith("lies under k2")
    code, (superseded, current, missing) = run("list")
    assert (code, superseded[:28]) == (0, "k1  0 secrets  superseded 20")
    assert current == "k2  2 secrets  current"
    assert missing == "k7  1 secrets  MISSING: these secrets cannot be read"


def test_a_key_is_not_retired_while_something_may_be_stored_under_it(home) -> None:
    run("create")
    run("rotate")
    code, output = run("retire", "k1")
    assert (code, len(output)) == (1, 1)
    assert "retire it after" in output[0]
    file = home / "keyring.json"
    document = json.loads(file.read_text())
    document["superseded"]["k1"] = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    file.write_text(json.dumps(document))
    assert run("retire", "k1") == (0, ["files: forgot k1"])
    assert run("list") == (0, ["k2  0 secrets  current"])


def test_a_verb_waits_for_no_other_one_and_says_so(home) -> None:
    """Two writers of one file would lose a key, and every file under it."""
    run("create")
    with only_writer(home / "keyring.json"):
        code, output = run("rotate")
    assert (code, len(output)) == (1, 1)
    assert "another process" in output[0]


def test_a_web_process_without_its_keyring_ends_with_one_line(home) -> None:
    """It could read no file; a new key beside old ones would only hide that."""
    # In a process of its own: it takes over the logging of the one that it runs in.
    start = "from signet_files.entrypoints.web import create; create()"
    ended = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"files: keyring {home}/keyring.json cannot be read")
