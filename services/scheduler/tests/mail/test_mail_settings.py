"""What the deployment says about mail, and which addresses mail goes to."""

from pathlib import Path

import pytest

from signet_common.settings import SettingsError, load_settings
from signet_scheduler.domain.addresses import Address, AddressInvalid, check_address
from signet_scheduler.domain.mail_destination import FileOutbox, SmtpServer, read_destination
from signet_scheduler.domain.sender import Sender, read_sender
from signet_scheduler.settings import Settings


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("file:/var/mail out", FileOutbox(Path("/var/mail out"))),
        ("file:///var/mail", FileOutbox(Path("/var/mail"))),
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 587, "starttls")),
        ("smtps://u%40x:p%2F%3A@mail.example.org", SmtpServer("mail.example.org", 465, "tls", "u@x", "p/:")),
        ("smtp://mail.example.org:25/?starttls=no", SmtpServer("mail.example.org", 25, "none")),
        ("smtp://u:p@127.0.0.1:25?starttls=no", SmtpServer("127.0.0.1", 25, "none", "u", "p")),
        ("smtp://u:p@[::1]:25?starttls=no", SmtpServer("::1", 25, "none", "u", "p")),
        ("smtp://h?ca=/etc/ca.pem", SmtpServer("h", 587, "starttls", ca_file=Path("/etc/ca.pem"))),
    ],
)
def test_a_destination_is_read(text: str, meant: object) -> None:
    assert read_destination(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", "mail.example.org", "http://u:hunter2@h", "smtp://", "smtp://u:hunter2@", "smtp://u:hunter2@h:port",
        "smtp://u:hunter2@h:99999", "smtp://hunter2@h", "smtp://:hunter2@h", "smtp://u:hunter2@h/path",
        "smtp://u:hunter2@h?starttls=maybe", "smtp://u:hunter2@h?tls=no", "smtp://u:hunter2@h?starttls=no",
        "smtp://u:hunter2é@h", "smtp://u:hunter2@h#x", "file:relative", "smtp://u:hunter2@h\r\nx",
        "smtp://u:hunter2@h?starttls=yes&starttls=no", "smtp://u:hunter2@10.0.0.1:25?starttls=no",
    ],
)  # fmt: skip
def test_a_destination_that_is_none_is_refused_without_its_password(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that names the setting; a password in the clear over a network is none that anybody wants."""
    for name, value in {
        "DATABASE_URL": "sqlite://",
        "BUS_URL": "sqlite:/bus",
        "KEYRING": "/k",
        "SMTP_URL": text,
    }.items():
        monkeypatch.setenv(f"SCHEDULER_{name}", value)
    with pytest.raises(SettingsError, match="SCHEDULER_SMTP_URL") as refused:
        load_settings(Settings)
    assert "hunter2" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_mail_server_needs_somebody_whom_mails_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told when the process starts, not when the first mail is refused."""
    given = {"DATABASE_URL": "sqlite://", "BUS_URL": "sqlite:/bus", "KEYRING": "/k", "SMTP_URL": "smtp://h"}
    for name, value in given.items():
        monkeypatch.setenv(f"SCHEDULER_{name}", value)
    with pytest.raises(SettingsError, match="SCHEDULER_MAIL_FROM"):
        load_settings(Settings)
    monkeypatch.setenv("SCHEDULER_MAIL_FROM", "Signet <noreply@example.org>")
    assert load_settings(Settings).mail_from == Sender("Signet", "noreply@example.org")


def test_a_password_is_in_no_repr() -> None:
    assert "hunter2" not in repr(read_destination("smtp://u:hunter2@h"))


def test_a_sender_is_a_name_and_an_address() -> None:
    assert read_sender("Signet <noreply@Example.org>") == Sender("Signet", "noreply@example.org")
    assert read_sender("noreply@bücher.example") == Sender("", "noreply@xn--bcher-kva.example")


@pytest.mark.parametrize(
    "text", ["", "Signet", "a@x.org, b@x.org", "用户@例子.公司", "a@x.org\r\nBcc: b@x.org", "<a@>"]
)
def test_a_sender_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no address|has to be ASCII"):
        read_sender(text)


@pytest.mark.parametrize(
    ("text", "ascii_form", "domain"),
    [
        ("ann@example.org", "ann@example.org", "example.org"),
        ("Ann+tag@EXAMPLE.org", "Ann+tag@example.org", "example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("用户@例子.公司", None, "例子.公司"),
    ],
)
def test_an_address_is_read_with_the_form_that_every_server_takes(text: str, ascii_form: str, domain: str) -> None:
    address = check_address(text)
    assert (address.ascii, address.domain) == (ascii_form, domain)


@pytest.mark.parametrize("same", ["aNN@example.ORG", "ann+tag@example.org", "ANN+a+b@example.org"])
def test_spellings_of_one_mailbox_count_as_one(same: str) -> None:
    """A limit that a capital letter or a tag evades is none."""
    assert check_address("Ann@Example.org").key == check_address(same).key


@pytest.mark.parametrize("other", ["strasse@example.org", "straße@example.net", "+straße@example.org"])
def test_mailboxes_of_different_people_do_not_count_as_one(other: str) -> None:
    assert check_address("straße@example.org").key != check_address(other).key


def test_a_key_is_never_longer_than_its_column() -> None:
    """Text that is no address is kept as well, and `İ` is two letters in lower case."""
    assert len(Address("İ" * 200, None).key) <= 320


@pytest.mark.parametrize(
    "text",
    [
        "", "ann", "@example.org", "ann@", "a b@example.org", "a@b@example.org", "ann@localhost", "ann@[127.0.0.1]",
        "Ann <ann@example.org>", "ann@example.org,bob@example.org", "ann@example.org;bob@example.org",
        "ann@example.org\r\nBcc: bob@example.org", "ann@example.org\0", "ann@example.org ", '"ann"@example.org',
        "ann(comment)@example.org", "ann@exa mple.org", f"{'a' * 65}@example.org", f"a@{'b' * 64}.org", "ann@-x.org",
        "a@" + "b." * 200 + "org", "x" * 1_000_000 + "@example.org", "ann@example.org>", "ann\u2028@example.org",
    ],
)  # fmt: skip
def test_what_is_no_single_address_is_refused_with_the_reason(text: str) -> None:
    """Lists, names, comments, line ends, and whatever an SMTP server could take for more than one address."""
    with pytest.raises(AddressInvalid) as refused:
        check_address(text)
    assert len(str(refused.value)) < 300
