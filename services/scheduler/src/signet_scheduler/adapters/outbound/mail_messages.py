"""From a template and its values to the message that travels: text and HTML, in the language that was asked for.

Templates are ours; values are not. HTML is escaped by itself, a value that is missing is an error, the sandbox lets no
template reach beyond what it was given, and no value ends a header: subjects are one line, and so is every name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Any

from jinja2 import PackageLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from signet_scheduler.application.mail_content import MailContent, MailUnreadable
from signet_scheduler.application.mail_templates import MAX_LINE, TemplateUnknown, ValuesInvalid, template_named
from signet_scheduler.application.mail_transport import OutgoingMail
from signet_scheduler.domain.addresses import AddressInvalid, check_address
from signet_scheduler.domain.lines import one_line
from signet_scheduler.domain.mails import Language, Mail
from signet_scheduler.domain.sender import Sender

# Every part is ASCII on the way, so that no server has to be asked whether it takes more.
_ASCII, _UTF8 = SMTP.clone(cte_type="7bit"), SMTPUTF8.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a reader sees."""

    subject: str
    text: str
    html: str


class Templates:
    """The templates in the package, `templates/<language>/<name>.subject`, `.txt` and `.html`."""

    def __init__(self, public_url: str = "") -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=PackageLoader("signet_scheduler", "templates"),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["moment"] = _moment
        self._environment.globals["public_url"] = public_url.rstrip("/")

    def render(self, name: str, language: Language, values: Mapping[str, Any]) -> Rendered:
        """Fill one template in. Raises MailUnreadable, naming what is missing."""
        try:
            told = template_named(name).read(values).model_dump()
            subject, text, html = (self._part(f"{language}/{name}.{kind}", told) for kind in ("subject", "txt", "html"))
        except (TemplateError, TemplateUnknown, ValuesInvalid) as failed:
            raise MailUnreadable(f"template {name}: {failed}") from None
        return Rendered(one_line(subject, MAX_LINE), text.strip() + "\n", html.strip() + "\n")

    def _part(self, template: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(template).render(values)


class MessageComposer:
    """Fulfils the port `Composer`."""

    def __init__(self, templates: Templates, sender: Sender) -> None:
        self._templates = templates
        self._sender = sender

    def __call__(self, mail: Mail, content: MailContent) -> OutgoingMail:
        """Compose; the same mail has the same Message-ID and date each time, so that a repeat can be recognised."""
        try:
            to = check_address(content.to)
        except AddressInvalid as refused:
            raise MailUnreadable(str(refused)) from None
        rendered = self._templates.render(mail.template, mail.language, content.values)
        message = EmailMessage(_ASCII if to.ascii else _UTF8)
        message["From"] = HeaderAddress(self._sender.name, addr_spec=self._sender.address)
        mailbox, _, domain = (to.ascii or to.text).rpartition("@")
        message["To"] = HeaderAddress(username=mailbox, domain=domain)
        message["Subject"] = rendered.subject
        message["Date"] = format_datetime(mail.created_at)
        message["Message-ID"] = f"<{content.mail_key}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine shall answer it
        message.set_content(rendered.text)
        message.add_alternative(rendered.html, subtype="html")
        message["Content-Language"] = mail.language
        return OutgoingMail(content.mail_key, to, message.as_bytes())


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
