"""The keyring is rotated while files lie under it: their keys are wrapped anew, and no blob is read or written."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from signet_common.keyring.ciphers import Keyring, key_id_of
from signet_common.keyring.document import create_keyring, read_keyring
from signet_common.keyring.live import LiveKeyring
from signet_common.keyring.rotation import Progress
from signet_common.keyring.store import FileKeyringStore
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_common.sql.stored_secrets import SqlStoredSecrets
from signet_files import __file__ as package_file
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.tables import BLOBS, OUTBOX, UNDER_KEYRING
from signet_files.adapters.outbound.uploads import SqlUploads
from signet_files.bootstrap.commands import deployment
from signet_files.bootstrap.persistence import keyring_rotation
from signet_files.domain.errors import FileDestroyed

CALLER = deployment("keyring rotate")
BEGUN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def database(database_url):
    upgrade(database_url, migrations_folder(package_file))
    database = Database.open(database_url, grouped=False)
    yield database
    database.close()


@pytest.fixture
def keyring(tmp_path) -> Path:
    create_keyring(tmp_path / "keyring.json")
    return tmp_path / "keyring.json"


def stored(database: Database) -> dict[int, str | None]:
    rows = database.read(lambda connection: connection.execute(select(BLOBS.c.blob_id, BLOBS.c.data_key)).all())
    return {row.blob_id: row.data_key for row in rows}


def events(database: Database) -> list[Any]:
    told = select(OUTBOX.c.body).order_by(OUTBOX.c.event_id)
    return [json.loads(body) for body in database.read(lambda connection: connection.scalars(told).all())]


def test_every_data_key_lies_under_the_new_key_and_is_the_same(database, keyring) -> None:
    """Also once the old key is gone; a destroyed one stays destroyed, and one that was killed in the middle goes on."""
    uploads = SqlUploads(database, DataKeys(LiveKeyring(keyring)), 1_000)
    begun = [uploads.begin("x", f"name{count}", length=0, by=7, at=BEGUN) for count in range(450)]
    destroyed = {"file_id": begun[0].file_id, "content_version": 2, "blob_name": "gone", "data_key": None}
    database.write(lambda connection: connection.execute(insert(BLOBS), destroyed))

    def die(_progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keyring_rotation(database, keyring, lambda: BEGUN, CALLER).rotate(die)
    told: list[Progress] = []
    rotation = keyring_rotation(database, keyring, lambda: BEGUN, CALLER)
    assert rotation.rotate(told.append).current == "k2"
    assert (told[-1].done, told[-1].total) == (450, 450)
    assert rotation.look()[1] == {"k2": 450}
    later = keyring_rotation(database, keyring, lambda: BEGUN + timedelta(hours=1), CALLER)
    later.retire("k1", told.append)
    told_of = [(event["type"], event["subject"], event["data"]["changes"]) for event in events(database)]
    assert told_of == [
        ("signet.files.file_key.rotate.v1", "file_key/k2", {"current": ["k1", "k2"], "rotating": [True, False]}),
        ("signet.files.file_key.retire.v1", "file_key/k1", {"key": ["k1", None]}),
    ]
    document, _ = read_keyring(keyring)
    assert set(document.keys) == {"k2"}
    keys = DataKeys(Keyring(document.current, document.keys))
    now = stored(database)
    assert {key_id_of(text) for text in now.values() if text} == {"k2"}
    unwrapped = {keys.unwrap(blob_id, text) for blob_id, text in now.items() if text}
    assert unwrapped == {upload.key for upload in begun}
    (gone,) = (blob_id for blob_id, text in now.items() if text is None)
    with pytest.raises(FileDestroyed):
        keys.unwrap(gone, now[gone])


def test_a_key_that_is_destroyed_meanwhile_stays_destroyed(database, keyring) -> None:
    """A rotation that wrote back what it had read would bring the file to life again."""
    SqlUploads(database, DataKeys(LiveKeyring(keyring)), 1_000).begin("x", "name", length=0, by=7, at=BEGUN)

    class Meanwhile(LiveKeyring):
        def decrypt_bytes(self, stored: str, **place: Any) -> bytes:
            database.write(lambda connection: connection.execute(update(BLOBS).values(data_key=None)))
            return super().decrypt_bytes(stored, **place)

    FileKeyringStore(keyring).begin(BEGUN)
    assert list(SqlStoredSecrets(database, UNDER_KEYRING, Meanwhile(keyring)).bring_under("k2"))
    assert list(stored(database).values()) == [None]
