"""A file is as readable as its own key, and no other file's."""

import pytest

from signet_common.keyring.ciphers import Keyring
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.domain.errors import FileDamaged, FileDestroyed

OLD = {"k1": b"1" * 32}


def test_every_stream_gets_a_key_of_its_own() -> None:
    """The nonces are counted from zero in each: two streams under one key would give both away."""
    keys = DataKeys(Keyring("k1", OLD))
    drawn = [keys.draw(7) for _ in range(100)]
    assert len({key for key, _ in drawn}) == len({stored for _, stored in drawn}) == 100
    assert all(keys.unwrap(7, stored) == key and len(key) == 32 for key, stored in drawn)


@pytest.mark.parametrize("stored", ["", None])
def test_an_erased_key_is_a_destroyed_file(stored: str | None) -> None:
    """Not a damaged one: somebody wanted this."""
    with pytest.raises(FileDestroyed, match="7"):
        DataKeys(Keyring("k1", OLD)).unwrap(7, stored)


def test_a_key_serves_in_its_own_row_alone() -> None:
    """Somebody who writes to the database cannot hang a file under another row's name."""
    keys = DataKeys(Keyring("k1", OLD))
    with pytest.raises(FileDamaged):
        keys.unwrap(8, keys.draw(7)[1])
