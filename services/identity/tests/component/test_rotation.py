"""The keyring is rotated under a running service: nothing that signs may notice, and nothing may be lost on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from signet_common.keyring.ciphers import KeyInUse, KeyringUnusable, key_id_of
from signet_common.keyring.document import only_writer
from signet_common.keyring.live import LiveKeyring
from signet_common.keyring.rotation import Progress
from signet_identity.adapters.outbound.secret_rows import bind_secret
from signet_identity.adapters.outbound.tables import API_KEYS
from signet_identity.bootstrap.commands import keyring_rotation
from signet_testing.eventually import eventually

ROTATE, RETIRE = "keyring rotate", "keyring retire"
KEYS = "/api/v1/api-keys"


def nothing(_progress: Progress) -> None:
    """Tell nobody."""


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def key_ids(api) -> set[str]:
    rows = api.service.database.read(lambda connection: connection.scalars(select(API_KEYS.c.secret)).all())
    return {key_id_of(stored) for stored in rows}


def signing_keys(api, api_key: str) -> dict[str, str]:
    granted: dict[str, str] = api.data("POST", "/internal/grants", {"kind": "api_key", "credential": api_key})["keys"]
    return granted


def test_a_running_service_reads_and_writes_through_a_rotation(api):
    """It learns of the new key from the file, at the first secret that needs it; nothing goes under the old one."""
    before = signing_keys(api, api.first["api_key"])
    assert keyring_rotation(api.settings, ROTATE).rotate(nothing).current == "k2"
    assert key_ids(api) == {"k2"}
    assert signing_keys(api, api.first["api_key"]) == before
    created = api.data("POST", KEYS, {"key_name": "after"})
    assert key_ids(api) == {"k2"}
    assert signing_keys(api, created["api_key"])
    (event,) = api.events("keyring.update")
    assert event["data"]["changes"]["current"] == ["k1", "k2"]
    assert event["data"]["actor"]["user_name"] == "deployment"


def test_a_rotation_that_was_killed_goes_on_and_draws_no_second_key(sqlite_api):
    """Between any two batches: the file knows that it is on."""

    def die(_progress: Progress) -> None:
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            keyring_rotation(sqlite_api.settings, ROTATE).rotate(die)
    state = keyring_rotation(sqlite_api.settings, ROTATE).rotate(nothing)
    assert (state.current, state.rotating, key_ids(sqlite_api)) == ("k2", False, {"k2"})
    assert len(sqlite_api.events("keyring.update")) == 1


def test_a_rotation_survives_sigkill(sqlite_api):
    """The real process, killed in the middle of many rows, and run again."""
    _add_keys(sqlite_api, 2_000)
    command = [str(Path(sys.executable).with_name("signet-identity")), "keyring", "rotate"]
    environment = os.environ | {
        "IDENTITY_DATABASE_URL": sqlite_api.settings.database_url,
        "IDENTITY_BUS_URL": sqlite_api.settings.bus_url,
        "IDENTITY_KEYRING": str(sqlite_api.settings.keyring),
        "IDENTITY_CONTRACTS_DIR": str(sqlite_api.settings.contracts_dir),
        "PYTHONUNBUFFERED": "1",
    }
    with full_pipe() as stdout, subprocess.Popen(command, env=environment, stdout=stdout) as process:
        try:
            eventually(lambda: len(key_ids(sqlite_api)) > 1, 60)
        finally:
            process.send_signal(signal.SIGKILL)
    assert key_ids(sqlite_api) == {"k1", "k2"}
    assert signing_keys(sqlite_api, sqlite_api.first["api_key"])
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert again.stdout.endswith("lies under k2\n")
    assert key_ids(sqlite_api) == {"k2"}


def test_a_row_that_does_not_decrypt_is_told_and_stops_nothing(sqlite_api):
    """Somebody tampered with it; the others must not stay under the old key for that."""
    _add_keys(sqlite_api, 2)
    moved = API_KEYS.update().where(API_KEYS.c.api_key_id == 2).values(secret="k1:AAAA")
    sqlite_api.service.database.write(lambda connection: connection.execute(moved))
    told: list[Progress] = []
    keyring_rotation(sqlite_api.settings, ROTATE).rotate(told.append)
    assert [progress.unreadable for progress in told] == [(2,)]
    assert key_ids(sqlite_api) == {"k1", "k2"}


def test_a_key_is_retired_once_nothing_can_lie_under_it(sqlite_api):
    """What a process stored at the last moment is taken along; current and fresh keys stay."""
    settings = sqlite_api.settings
    old = LiveKeyring(settings.keyring)
    keyring_rotation(settings, ROTATE, clock=an_hour_ago).rotate(nothing)
    straggler = sqlite_api.data("POST", KEYS, {})
    old._follow = lambda: None
    sqlite_api.service.database.write(lambda c: bind_secret(c, old, API_KEYS, straggler["api_key_id"], "a secret"))
    assert key_ids(sqlite_api) == {"k1", "k2"}
    for key_id in ("k2", "k9"):
        with pytest.raises(KeyInUse):
            keyring_rotation(settings, RETIRE).retire(key_id, nothing)
    keyring_rotation(settings, RETIRE).retire("k1", nothing)
    assert key_ids(sqlite_api) == {"k2"}
    assert signing_keys(sqlite_api, straggler["api_key"])
    keyring_rotation(settings, ROTATE).rotate(nothing)
    with pytest.raises(KeyInUse, match="retire it after"):
        keyring_rotation(settings, RETIRE).retire("k2", nothing)
    assert keyring_rotation(settings, "keyring list").look()[0].current == "k3"


def test_two_rotations_at_once_are_one(sqlite_api):
    """Two writers of one file would lose a key, and every secret under it."""
    path = sqlite_api.settings.keyring
    with only_writer(path), pytest.raises(KeyringUnusable, match="another process"), only_writer(path):
        pass


def test_a_file_that_was_spoilt_stops_nobody_from_signing(sqlite_api):
    """The keys that a process has go on working."""
    path = sqlite_api.settings.keyring
    before = path.read_text()
    path.write_text("{")
    assert signing_keys(sqlite_api, sqlite_api.first["api_key"])
    assert sqlite_api.code("POST", KEYS, {}) == 200
    path.write_text(before)


@contextmanager
def full_pipe() -> Iterator[int]:
    """Where a process writes that shall get no further than the first line that it says: it waits there."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, bytes(4096)):
            pass
    os.set_blocking(writer, True)
    yield writer
    os.close(writer)
    os.close(reader)


def _add_keys(api, count: int) -> None:
    cipher = LiveKeyring(api.settings.keyring)
    now = datetime.now(UTC)
    row = {"user_id": 1, "secret": "", "api_key_state": "active", "version": 1, "created_at": now, "updated_at": now}

    def add(connection) -> None:
        connection.execute(insert(API_KEYS), [{**row, "api_key": f"ak_{n}"} for n in range(count)])
        for row_id in range(2, count + 2):
            bind_secret(connection, cipher, API_KEYS, row_id, "a secret")

    api.service.database.write(add)
