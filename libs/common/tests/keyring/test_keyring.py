"""Secrets at rest: what a thief of the database, and a careless operator, can and cannot do."""

import json
import stat
import threading

import pytest

from signet_common.keyring.ciphers import Keyring, KeyringBusy, KeyringUnusable, KeyUnknown, SecretUnreadable
from signet_common.keyring.document import create_keyring, only_writer
from signet_common.keyring.live import LiveKeyring

PLACE = {"table": "api_keys", "row_id": 7, "column": "secret"}


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "keyring.json"
    create_keyring(file)
    return file


def test_what_is_encrypted_comes_back_where_it_was(path):
    """Across processes: the file alone carries the key."""
    stored = LiveKeyring(path).encrypt("a secret", **PLACE)
    assert "a secret" not in stored
    assert LiveKeyring(path).decrypt(stored, **PLACE) == "a secret"


def test_bytes_come_back_as_bytes_and_are_no_text(path):
    """A key that wraps a file is no UTF-8; whoever asks for it as text gets an error of the tree."""
    key = bytes(range(224, 256))
    stored = LiveKeyring(path).encrypt_bytes(key, **PLACE)
    assert LiveKeyring(path).decrypt_bytes(stored, **PLACE) == key
    with pytest.raises(SecretUnreadable):
        LiveKeyring(path).decrypt(stored, **PLACE)


@pytest.mark.parametrize("moved", [{"table": "sessions"}, {"row_id": 8}, {"column": "other"}])
def test_a_ciphertext_moved_elsewhere_does_not_decrypt(path, moved):
    """Otherwise whoever can write to the database gives an own secret to somebody else's key."""
    keyring = LiveKeyring(path)
    stored = keyring.encrypt("a secret", **PLACE)
    with pytest.raises(SecretUnreadable):
        keyring.decrypt(stored, **(PLACE | moved))


def test_a_ciphertext_cannot_be_relabelled_to_another_key():
    """The key's id is part of what is authenticated."""
    keyring = Keyring("k1", {"k1": b"1" * 32, "k2": b"1" * 32})
    stored = keyring.encrypt("a secret", **PLACE)
    with pytest.raises(SecretUnreadable):
        keyring.decrypt(stored.replace("k1:", "k2:"), **PLACE)


def test_a_key_that_is_not_there_is_told_from_a_ciphertext_that_was_altered(path):
    """The first may come with the file's next version, the second never decrypts."""
    stored = Keyring("k9", {"k9": b"9" * 32}).encrypt("a secret", **PLACE)
    with pytest.raises(KeyUnknown):
        LiveKeyring(path).decrypt(stored, **PLACE)
    with pytest.raises(SecretUnreadable) as altered:
        LiveKeyring(path).decrypt(stored.replace("k9:", "k1:"), **PLACE)
    assert not isinstance(altered.value, KeyUnknown)


@pytest.mark.parametrize("stored", ["", "k1:", "k1:AAAA", "k9:AAAA", "k1:!!!!", "nonsense"])
def test_rubbish_in_the_column_is_an_error_of_its_own(path, stored):
    """It must not pass for a secret, nor end the process with something unexpected."""
    with pytest.raises(SecretUnreadable):
        LiveKeyring(path).decrypt(stored, **PLACE)


def test_no_two_encryptions_are_alike(path):
    """A repeated nonce would give AES-GCM away."""
    keyring = LiveKeyring(path)
    assert keyring.encrypt("a secret", **PLACE) != keyring.encrypt("a secret", **PLACE)


def test_an_older_key_still_decrypts_after_a_newer_took_over():
    """Rows are under the key of their day until somebody re-encrypts them."""
    stored = Keyring("k1", {"k1": b"1" * 32}).encrypt("a secret", **PLACE)
    newer = Keyring("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
    assert newer.decrypt(stored, **PLACE) == "a secret"
    assert newer.encrypt("a secret", **PLACE).startswith("k2:")


def test_a_new_keyring_is_for_its_owner_alone_and_never_overwritten(path):
    """What lies under the old one would be lost for good."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    with pytest.raises(KeyringUnusable, match=r"keyring\.json"):
        create_keyring(path)
    assert path.read_text() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_keyring_open_to_others_is_refused(path, mode):
    """Start is the moment to notice, not after somebody read it."""
    path.chmod(mode)
    with pytest.raises(KeyringUnusable, match="open to others"):
        LiveKeyring(path)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"current": "k1", "keys": {}}',
        '{"current": "k1", "keys": {"k1": "c2hvcnQ"}}',
        '{"current": "k2", "keys": {"k1": "%s"}}' % ("A" * 43),
        '{"current": "k:1", "keys": {"k:1": "%s"}}' % ("A" * 43),
        '{"current": "k1", "keys": {"k1": 7}}',
    ],
)
def test_a_malformed_keyring_is_refused_without_showing_it(path, document):
    """A line in a log that quotes the file would hold the key."""
    path.write_text(document)
    with pytest.raises(KeyringUnusable) as refused:
        LiveKeyring(path)
    assert str(refused.value).endswith("is malformed")
    assert refused.value.__cause__ is None


def test_a_missing_keyring_is_named(tmp_path):
    """One line that says which file."""
    with pytest.raises(KeyringUnusable, match="nowhere"):
        LiveKeyring(tmp_path / "nowhere")


def test_the_key_is_in_no_representation(path):
    """Objects are printed by accident."""
    key = json.loads(path.read_text())["keys"]["k1"]
    assert key not in repr(LiveKeyring(path).__dict__)


def test_a_patient_writer_gets_its_turn_and_an_impatient_one_is_told(path):
    """Requests that each hold the keyring for a moment take turns; what holds it for minutes is not waited for."""
    with only_writer(path):
        with pytest.raises(KeyringBusy), only_writer(path, patience=0.05):
            pass
        waiting = threading.Thread(target=lambda: _hold(path))
        waiting.start()
    waiting.join(10)
    assert path.with_name("held").exists()


def _hold(path):
    with only_writer(path, patience=10):
        path.with_name("held").touch()
