"""The folder of mails."""

import stat
from pathlib import Path

import pytest

from signet_scheduler.adapters.outbound.file_outbox import FileOutboxTransport
from signet_scheduler.application.mail_transport import MailDeferred, OutgoingMail
from signet_scheduler.domain.addresses import check_address

ANN = check_address("ann@example.org")


def test_a_mail_is_a_file_that_its_owner_alone_reads(tmp_path: Path) -> None:
    """Some hold a token: neither the file nor the folder is for others, whatever the umask is."""
    folder = tmp_path / "home" / "mail"
    assert (
        FileOutboxTransport(folder).send(OutgoingMail("key", ANN, b"Subject: x\r\n\r\nhello\r\n"))
        == "written to key.eml"
    )
    [path] = folder.iterdir()
    assert path.read_bytes() == b"Subject: x\r\n\r\nhello\r\n"
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)


def test_a_mail_that_is_sent_again_replaces_itself(tmp_path: Path) -> None:
    """What a worker left that died while it wrote is in nobody's way, and nothing is there twice."""
    (tmp_path / ".key.eml.part").write_bytes(b"half a ma")
    outbox = FileOutboxTransport(tmp_path)
    outbox.send(OutgoingMail("key", ANN, b"first"))
    outbox.send(OutgoingMail("key", ANN, b"again"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"key.eml": b"again"}


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """Whoever can write into the folder must not choose which file is overwritten."""
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / ".key.eml.part").symlink_to(other)
    (folder / "key.eml").symlink_to(other)
    FileOutboxTransport(folder).send(OutgoingMail("key", ANN, b"mail"))
    assert other.read_bytes() == b"precious"
    assert (folder / "key.eml").read_bytes() == b"mail"


def test_a_folder_that_cannot_be_is_tried_again(tmp_path: Path) -> None:
    """A disk may be full or away; mails wait for it."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MailDeferred, match="folder of mails cannot be written"):
        FileOutboxTransport(tmp_path / "file" / "mail").send(OutgoingMail("key", ANN, b"mail"))
