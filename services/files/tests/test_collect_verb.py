"""`signet-files collect-orphans` as operators call it."""

from pathlib import Path

from services.files.tests.storing import CALLER, NOTHING, Service
from typer.testing import CliRunner

from signet_files.entrypoints.admin import app


def test_what_was_collected_is_printed(sqlite_service: Service, tmp_path: Path) -> None:
    """And the exit code says whether something would not go."""
    environment = {
        "FILES_DATABASE_URL": f"sqlite:///{tmp_path}/files.sqlite3",
        "FILES_BUS_URL": f"sqlite:{tmp_path}/bus.sqlite3",
        "FILES_BLOBS_URL": f"file:{tmp_path}/blobs",
        "FILES_KEYRING": "/nowhere",
    }
    blob = destroyed_with_its_blob_in_the_way(sqlite_service)
    refused = CliRunner().invoke(app, ["collect-orphans"], env=environment)
    assert (refused.exit_code, refused.stdout.splitlines()) == (
        1, ["uploads: 0", "files: 0", "blobs: 0", "failed: 1", "strangers_kept: 0"],
    )  # fmt: skip
    blob.rmdir()
    sqlite_service.later(minutes=11)
    sqlite_service.collect()
    assert sqlite_service.left() == NOTHING
    destroyed_with_its_blob_in_the_way(sqlite_service).rmdir()
    done = CliRunner().invoke(app, ["collect-orphans"], env=environment)
    assert (done.exit_code, done.stdout.splitlines()[1]) == (0, "files: 1")
    assert sqlite_service.left() == NOTHING


def destroyed_with_its_blob_in_the_way(service: Service) -> Path:
    """A file that is left to the collector: a folder cannot be removed like its blob."""
    file = service.put()
    (blob,) = [path for path in service.folder.rglob("*") if path.is_file()]
    blob.unlink()
    blob.mkdir()
    service.delete(CALLER, file.file_id, expected=None, permanently=True)
    return blob
