"""The keys of files are rotated on the running platform, from afar and on the host, while files are read."""

import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signet import Client
from signet.api.file_keys import Rotation
from signet_testing.platform import Platform
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e


def store(admin: Client, folder: Path, content: bytes) -> int:
    path = folder / secrets.token_hex(4)
    path.write_bytes(content)
    return admin.files.upload(path).file_id


def intact(admin: Client, file_id: int) -> bool:
    return all(found.intact for found in admin.files.verify(file_id))


def current(admin: Client) -> str:
    (key,) = (key.key_id for key in admin.file_keys.list().keys if key.standing == "current")
    return key


def test_two_administrators_rotate_at_once_and_every_file_stays_whole(
    admin: Client, api: SignedApi, platform: Platform, tmp_path: Path
) -> None:
    """Each of them sees a rotation end; together they have begun one or two, as the first was over or not."""
    files = [store(admin, tmp_path, secrets.token_bytes(1_000)) for _ in range(20)]
    before = int(current(admin)[1:])

    def rotate(_who: int) -> Rotation:
        with platform.client() as client:
            *_, last = client.file_keys.rotate()
            return last

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(rotate, range(4)))
    assert all(last.finished and not last.unreadable for last in ended)
    after = int(current(admin)[1:])
    assert before < after <= before + 4
    assert not admin.file_keys.list().rotating
    assert [key.data_keys for key in admin.file_keys.list().keys if key.standing != "current"] == [0] * (after - 1)
    assert all(intact(admin, file_id) for file_id in files)
    told = api.records(at_least=2, resource="file_key", operation="rotate", object_id=f"k{after}")
    assert told[-1]["changes"] == {"current": [f"k{after - 1}", f"k{after}"], "rotating": [True, False]}


def test_a_verb_on_the_host_rotates_under_the_running_service(
    admin: Client, api: SignedApi, platform: Platform, tmp_path: Path
) -> None:
    """The web process learns of the new key from the file; who did it was the deployment."""
    file_id = store(admin, tmp_path, b"content")
    command = [str(Path(sys.executable).with_name("signet-files")), "keyring", "rotate"]
    environment = os.environ | platform.settings_of("files-web")
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    key = current(admin)
    assert said.stdout.endswith(f"lies under {key}\n")
    assert intact(admin, file_id)
    (told,) = api.records(resource="file_key", operation="rotate", object_id=key)
    assert told["actor"]["user_name"] == "deployment"
    assert intact(admin, store(admin, tmp_path, b"stored after it"))
    assert [key.data_keys for key in admin.file_keys.list().keys if key.standing == "superseded"][-1] == 0
