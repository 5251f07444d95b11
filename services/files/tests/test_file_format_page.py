"""docs/file-format.md is what rescues files without Signet: what it says has to be what we store."""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from signet_common.keyring.ciphers import Keyring, decode
from signet_files.adapters.outbound.data_keys import DataKeys
from signet_files.adapters.outbound.file_cipher import AesGcmFileCipher
from signet_files.adapters.outbound.file_format import blob_size

PAGE = (Path(__file__).parents[3] / "docs" / "file-format.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


VECTORS = json.loads(block("json"))
KEY = bytes.fromhex(VECTORS["unwrapped"])
KEYRING = Keyring(
    VECTORS["keyring"]["current"], {key_id: decode(key) for key_id, key in VECTORS["keyring"]["keys"].items()}
)


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """The names that the page's decoder defines."""
    names: dict[str, Any] = {}
    exec(compile(block("python"), "docs/file-format.md", "exec"), names)
    return names


def content(size: int) -> bytes:
    return bytes(i % 251 for i in range(size))


def stored(vector: dict[str, Any]) -> bytes:
    pieces = AesGcmFileCipher().encrypt(KEY, vector["file_id"], vector["version"], [content(vector["size"])])
    return b"".join(pieces)


@pytest.mark.parametrize("vector", VECTORS["blobs"])
def test_what_is_stored_is_what_the_page_shows(page: dict[str, Any], vector: dict[str, Any]) -> None:
    """To the last byte, or the blobs of yesterday are no files today."""
    blob = stored(vector)
    assert blob.hex() == vector.get("blob", blob.hex())
    assert hashlib.sha256(blob).hexdigest() == vector["sha256"]
    assert len(blob) == vector["blob_size"] == blob_size(vector["size"])


@pytest.mark.parametrize("vector", VECTORS["blobs"])
@pytest.mark.parametrize("told", [True, False])
def test_the_decoder_of_the_page_reads_what_is_stored(page: dict[str, Any], vector: dict[str, Any], told: bool) -> None:
    """Whether or not the database that told the size is still there."""
    identity = (vector["file_id"], vector["version"], vector["size"] if told else None)
    assert b"".join(page["decode"](io.BytesIO(stored(vector)), KEY, *identity)) == content(vector["size"])


@pytest.mark.parametrize("vector", VECTORS["blobs"])
def test_the_decoder_of_the_page_refuses_what_was_tampered_with(page: dict[str, Any], vector: dict[str, Any]) -> None:
    """It would be of little use to an auditor if it read everything."""
    blob = stored(vector)
    tampered = [blob[:-1], blob + b"x", blob[:65_576], blob[65_576:], b"", bytes([blob[0] ^ 1]) + blob[1:]]
    tampered += [blob[:-1] + bytes([blob[-1] ^ 1]), blob[:24]]
    for other in tampered:
        if other != blob:
            with pytest.raises((InvalidTag, ValueError)):
                list(page["decode"](io.BytesIO(other), KEY, vector["file_id"], vector["version"], None))
    for wrong in ((8, vector["version"]), (vector["file_id"], 3)):
        with pytest.raises(ValueError, match="header"):
            list(page["decode"](io.BytesIO(blob), KEY, *wrong, None))


def test_the_wrapped_key_of_the_page_is_unwrapped_by_both(page: dict[str, Any]) -> None:
    """Without the data key the rest of the page is worth nothing."""
    blob_id, data_key = VECTORS["blob_id"], VECTORS["data_key"]
    assert DataKeys(KEYRING).unwrap(blob_id, data_key) == KEY
    assert page["unwrap"](VECTORS["keyring"], blob_id, data_key) == KEY
    drawn, text = DataKeys(KEYRING).draw(blob_id)
    assert page["unwrap"](VECTORS["keyring"], blob_id, text) == drawn
    with pytest.raises(InvalidTag):
        page["unwrap"](VECTORS["keyring"], blob_id + 1, data_key)


def test_the_decoder_stays_short() -> None:
    """Whoever trusts it has to read it."""
    assert sum(bool(line.strip()) for line in block("python").splitlines()) <= 45
