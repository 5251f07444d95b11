"""Sealing keys from the operator's side: rotation with an overlap, and a file that nobody else may read."""

import json
import stat

import pytest

from signet_gateway.adapters.inbound.key_verbs import KeyVerbs
from signet_gateway.adapters.outbound.key_file import KeyFile, KeyFileUnusable
from signet_gateway.application.key_ring import KeyRingError
from signet_gateway.entrypoints.admin import main
from signet_protocol.sealing_keys import trusted

NOW = 1_767_225_600
DAY = 86_400


class Clock:
    """Stands where it is put."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return float(self.now)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def file(tmp_path):
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def verbs(file, clock):
    return KeyVerbs(file, clock)


def states(lines):
    return [line.split()[0] for line in lines]


def test_rotation_overlaps(verbs, file, clock):
    """One command: the new key is first, the old one stays for its time, then it is refused without another command."""
    assert states(verbs.rotate(wait=0, overlap=DAY)) == ["active"]
    clock.now += 100
    assert states(verbs.rotate(wait=0, overlap=DAY)) == ["active", "retiring"]
    new, old = file.load().keys
    assert file.load().accepted(old.key_id, clock.now + DAY - 1) is not None
    clock.now += DAY
    assert states(verbs.list()) == ["active", "retired"]
    assert file.load().accepted(old.key_id, clock.now) is None
    assert file.load().active(clock.now).key_id == new.key_id


def test_a_key_can_be_announced_before_it_is_used(verbs, file, clock):
    """Where several machines have to receive the file first."""
    verbs.rotate(wait=0, overlap=DAY)
    assert states(verbs.rotate(wait=DAY, overlap=DAY)) == ["announced", "active"]
    published = file.load().published(clock.now)
    assert [jwk["kid"] for jwk in published["keys"]] == [key.key_id for key in reversed(file.load().keys)]
    clock.now += DAY
    assert states(verbs.list()) == ["active", "retiring"]


def test_a_client_that_slept_follows_from_key_to_key(verbs, file, clock):
    """Announcements outlive the keys that made them, whose private halves are erased."""
    verbs.rotate(wait=0, overlap=0)
    first = file.load().keys[0].key_id
    for _ in range(3):
        clock.now += 1
        verbs.rotate(wait=0, overlap=0)
    ring = file.load()
    assert states(verbs.list()) == ["active", "retired", "retired", "retired"]
    assert ring.active(clock.now).key_id in trusted([first], ring.announcements)
    assert [key.private is None for key in ring.keys] == [False, True, True, True]


def test_an_overlap_is_not_prolonged_by_another_rotation(verbs, file, clock):
    """A key that was to be gone tomorrow is gone tomorrow."""
    verbs.rotate(wait=0, overlap=DAY)
    verbs.rotate(wait=0, overlap=DAY)
    verbs.rotate(wait=0, overlap=30 * DAY)
    assert [key.accepted_until for key in file.load().keys] == [None, NOW + 30 * DAY, NOW + DAY]


def test_a_key_is_retired_at_once_but_never_the_last(verbs, file):
    """Its private half leaves the file; without any key nothing could be opened."""
    verbs.rotate(wait=0, overlap=DAY)
    verbs.rotate(wait=0, overlap=DAY)
    new, old = file.load().keys
    assert states(verbs.retire(old.key_id)) == ["active", "retired"]
    assert file.load().keys[1].private is None
    for key_id in (new.key_id, old.key_id, "unknown"):
        with pytest.raises(KeyRingError):
            verbs.retire(key_id)
    assert states(verbs.list()) == ["active", "retired"]


def test_the_file_is_its_owners_alone(verbs, file, tmp_path):
    """A key that others can read has to be considered known."""
    verbs.rotate(wait=0, overlap=0)
    path = tmp_path / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyFileUnusable, match="chmod 600"):
        file.load()


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"keys": [{}], "announcements": []}', None])
def test_a_malformed_file_is_named_and_never_quoted(verbs, file, tmp_path, damage):
    """A parser's complaint may contain the key; a key under a foreign name is malformed, too."""
    verbs.rotate(wait=0, overlap=0)
    path = tmp_path / "keys.json"
    if damage is None:
        document = json.loads(path.read_text())
        document["keys"][0]["key_id"] = "A" * 43
        damage = json.dumps(document)
    path.write_text(damage)
    with pytest.raises(KeyFileUnusable) as error:
        file.load()
    assert str(error.value) == f"sealing keys {path} are malformed"
    assert error.value.__cause__ is None


def test_nothing_shows_a_private_key(verbs, file):
    """Neither a repr nor what the command prints."""
    printed = "".join(verbs.rotate(wait=0, overlap=0))
    assert "private" not in (printed + repr(file.load())).lower()


def test_a_thumbprint_may_begin_with_a_hyphen(tmp_path, capsys):
    """One in 64 does, and whoever has to end a key now must not have to know how to quote it."""
    file = ["--file", str(tmp_path / "keys.json")]
    main(["keys", *file, "rotate"])
    with pytest.raises(SystemExit, match="1"):
        main(["keys", *file, "retire", "-iLKqaQRvs_c2VLK5zplOuDh-eJ5_ESJhshvLTfEGB4"])
    assert "-iLKqaQRvs" in capsys.readouterr().err


def test_the_command_rotates_lists_and_retires(tmp_path, capsys, monkeypatch):
    """As an operator types it, with the gateway's own setting."""
    monkeypatch.setenv("GATEWAY_SEALING_KEYS", str(tmp_path / "keys.json"))
    main(["keys", "rotate"])
    main(["keys", "rotate", "--overlap-days", "1"])
    capsys.readouterr()
    main(["keys", "list"])
    lines = capsys.readouterr().out.splitlines()
    assert states(lines) == ["active", "retiring"]
    main(["keys", "retire", lines[1].split()[1]])
    assert states(capsys.readouterr().out.splitlines()) == ["active", "retired"]
    with pytest.raises(SystemExit, match="1"):
        main(["keys", "retire", lines[1].split()[1]])
    with pytest.raises(SystemExit, match="2"):
        main(["keys", "rotate", "--overlap-days", "-1"])
    monkeypatch.delenv("GATEWAY_SEALING_KEYS")
    with pytest.raises(SystemExit, match="2"):
        main(["keys", "list"])
