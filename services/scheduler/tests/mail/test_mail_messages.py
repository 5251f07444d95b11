"""Messages: every template in both languages, and nothing in a value that becomes anything but text."""

import email
import email.policy
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import signet_scheduler
from signet_scheduler.adapters.outbound.mail_messages import MessageComposer, Templates
from signet_scheduler.application.mail_content import MailContent, MailUnreadable
from signet_scheduler.application.mail_templates import TEMPLATES
from signet_scheduler.domain.mails import LANGUAGES, Language, Mail
from signet_scheduler.domain.sender import read_sender

MADE_AT = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
SENDER = read_sender("Signet Büro <noreply@example.org>")
NOTICE = TEMPLATES["notice"].example
WHATEVER = "\r\nBcc: everybody@example.org\r\n\r\n<script>alert(1)</script>{{ 7 * 7 }}\x00\u2028"


def mail(template: str = "notice", language: Language = "en") -> Mail:
    return Mail(
        7, "ann@example.org", template, language, "waiting", None, 1, MADE_AT, None, 1, 1, MADE_AT, None
    )  # fmt: skip


def composed(
    values: Mapping[str, Any], template: str = "notice", *, language: Language = "en", to: str = "ann@example.org"
) -> EmailMessage:
    compose = MessageComposer(Templates("https://signet.example.org/"), SENDER)
    data = compose(mail(template, language), MailContent(to, "019a-key", values)).data
    assert data.replace(b"\r\n", b"").count(b"\n") == 0
    message = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_says_all_it_is_told_in_both_parts(template: str, language: Language) -> None:
    """Whoever reads text alone misses nothing, and no language lacks a template."""
    message = composed(TEMPLATES[template].example, template, language=language)
    assert message["Subject"].strip()
    assert message["Content-Language"] == language
    for part in ("plain", "html"):
        said = str(message["Subject"]) + text_of(message, part)
        for told in _leaves(TEMPLATES[template].example):
            assert (told.replace("T", " ").replace(":00Z", "") if told.endswith("Z") else told) in said
        assert "signet.example.org" in said
    assert ("您" in text_of(message, "plain") or "的" in text_of(message, "plain")) == (
        language == "zh" and template != "notice"
    )


def test_there_is_a_template_for_every_mail_and_a_mail_for_every_template() -> None:
    """A file that nothing uses is one that nobody will mend."""
    folder = Path(signet_scheduler.__file__).parent / "templates"
    for language in LANGUAGES:
        files = {path.name for path in (folder / language).iterdir()} - {"layout.html", "foot.txt"}
        assert files == {f"{name}.{kind}" for name in TEMPLATES for kind in ("subject", "txt", "html")}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_value_that_is_missing_is_named(template: str) -> None:
    """A mail with a hole in it is worse than none."""
    for name in [name for name, field in TEMPLATES[template].values.model_fields.items() if field.is_required()]:
        with pytest.raises(MailUnreadable, match=f"values.{name}"):
            composed({key: value for key, value in TEMPLATES[template].example.items() if key != name}, template)


def test_a_template_that_there_is_not_is_told() -> None:
    with pytest.raises(MailUnreadable, match="no such template"):
        composed(NOTICE, "../../settings")


@pytest.mark.parametrize("name", ["subject_line", "text"])
def test_no_value_becomes_a_header_markup_or_code(name: str) -> None:
    """Whoever chooses a value must not choose who else gets the mail, nor what a reader's program runs."""
    message = composed(NOTICE | {name: WHATEVER})
    assert message["Bcc"] is None
    assert [key for key in message.keys() if key not in _HEADERS] == []  # noqa: SIM118 - of a message, not a mapping
    assert str(message["Subject"]).isprintable()
    assert "\x00" not in text_of(message, "plain") + text_of(message, "html")
    assert "<script>" not in text_of(message, "html")
    assert "49" not in str(message["Subject"]) + text_of(message, "plain")
    if name == "text":
        assert "&lt;script&gt;" in text_of(message, "html")


def test_a_user_name_full_of_line_ends_stays_in_its_line() -> None:
    """Names come from other services, which may be less strict one day."""
    values = TEMPLATES["api_key_expiring"].example | {"user_name": f"ann{WHATEVER}", "api_key_name": f"key{WHATEVER}"}
    message = composed(values, "api_key_expiring")
    assert message["Bcc"] is None
    assert "Bcc: everybody@example.org" in str(message["Subject"])
    assert text_of(message, "plain").splitlines()[0].startswith("Hello ann Bcc: everybody@example.org")


def test_names_do_not_turn_the_direction_of_what_follows() -> None:
    """A right-to-left override makes a reader see another text than the one that is there."""
    message = composed(TEMPLATES["email_changed"].example | {"user_name": "ann\u202egnp.exe"}, "email_changed")
    assert "\u202e" not in text_of(message, "plain") + text_of(message, "html")


def test_a_repeat_can_be_recognised() -> None:
    """A mail that is sent again has the same Message-ID and date, and says that no person answers it."""
    first, second = composed(NOTICE), composed(NOTICE)
    assert first["Message-ID"] == second["Message-ID"] == "<019a-key@example.org>"
    assert first["Date"] == second["Date"] == "Mon, 01 Mar 2027 12:00:00 +0000"
    assert (first["Auto-Submitted"], first["To"]) == ("auto-generated", "ann@example.org")
    assert str(first["From"]) == "Signet Büro <noreply@example.org>"


def test_what_travels_is_ascii_in_short_lines() -> None:
    """Any mail server takes it, and none has to rewrite it; only a mailbox of other letters needs more (RFC 6531)."""
    compose = MessageComposer(Templates(), SENDER)
    words = {"subject_line": "维护通知" * 40, "text": "服务将暂停。" * 500 + "x" * 5000}
    data = compose(mail(language="zh"), MailContent("ann@bücher.example", "key", words)).data
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"To: ann@xn--bcher-kva.example\r\n" in data
    other = compose(mail(), MailContent("用户@例子.公司", "key", words))
    assert "To: 用户@例子.公司\r\n".encode() in other.data
    assert other.to.ascii is None


_HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Language",
}  # fmt: skip


def _leaves(values: Any) -> list[str]:
    if isinstance(values, Mapping):
        return [leaf for value in values.values() for leaf in _leaves(value)]
    if isinstance(values, list):
        return [leaf for value in values for leaf in _leaves(value)]
    return [str(values)]
