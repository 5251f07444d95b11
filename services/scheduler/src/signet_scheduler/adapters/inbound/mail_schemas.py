"""The shapes of mails: the one source of their contract."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StringConstraints

from signet_common.web.schemas import BodyModel, DateRangeQuery, MaxBytes, ViewModel
from signet_scheduler.application.mail_templates import MAX_LINE, MAX_TEXT, TEMPLATES
from signet_scheduler.domain.addresses import MAX_ADDRESS_BYTES, check_address, each_once
from signet_scheduler.domain.lines import paragraphs
from signet_scheduler.domain.mails import Language, MailState

MAX_ADDRESSES = 50
_MAIL_ADDRESS: dict[str, JsonValue] = {"format": "signet-mail-address"}
_MAIL_TEXT: dict[str, JsonValue] = {"format": "signet-mail-text"}
"""What no keyword of JSON Schema says is exported as formats of our own, which the fuzzer knows."""


def _one_address(text: str) -> str:
    return check_address(text).text


def _plain(text: str) -> str:
    if paragraphs(text) != text.replace("\r\n", "\n"):
        raise ValueError("holds a control character")
    return text


MailAddress = Annotated[
    str,
    Field(
        min_length=3,
        max_length=MAX_ADDRESS_BYTES,
        description="One address, without a name or a comment. Its letters' case does not count.",
        json_schema_extra=_MAIL_ADDRESS,
    ),
    AfterValidator(_one_address),
]
TemplateName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z_]+$")]


class NoticeValues(BodyModel):
    """What somebody has to say."""

    subject_line: Annotated[str, MaxBytes(MAX_LINE), Field(min_length=1, description="One line.")]
    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_TEXT,
            description="Plain text; an empty line begins a paragraph.",
            json_schema_extra=_MAIL_TEXT,
        ),
        AfterValidator(_plain),
    ]


_EXAMPLE: dict[str, Any] = {
    "to": ["ann@example.org", "bob@example.org"],
    "template": "notice",
    "language": "en",
    "values": TEMPLATES["notice"].example,
}


class MailBody(BodyModel):
    """Mails to be sent: each address gets one of its own, and sees no other."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    to: Annotated[
        list[MailAddress],
        Field(min_length=1, max_length=MAX_ADDRESSES, json_schema_extra={"uniqueItems": True}),
        AfterValidator(each_once),
    ]
    template: Annotated[
        Literal["notice"], Field(description="What people may send; other mails are sent by what they tell of.")
    ]
    language: Annotated[Language | None, Field(description="The deployment's own where it is absent.")] = None
    values: NoticeValues


class MailView(ViewModel):
    """What became of a mail; what it says is shown to nobody."""

    mail_id: int
    to_address: Annotated[str, Field(description="As it was given, its letters in Unicode's normal form.")]
    template: str
    language: Language
    mail_state: Annotated[
        MailState,
        Field(
            description="`refused` for good, by the mail server, a limit or for its address; `failed` in all attempts,"
            " or as its content cannot be read; `expired` before it could be sent."
        ),
    ]
    reply: Annotated[str | None, Field(description="The last answer of the mail server, or why it was not sent.")]
    attempts: Annotated[int, Field(description="Deliveries that were begun.")]
    expires_at: Annotated[datetime, Field(description="From then on it is not sent any more.")]
    sent_at: datetime | None
    run_id: Annotated[int | None, Field(description="The run that sends it.")]
    version: int
    created_at: datetime
    created_by: int | None


class CreatedMailsView(ViewModel):
    """One mail for each address, in their order."""

    mails: list[MailView]


class MailListQuery(DateRangeQuery):
    """Which mails to list."""

    to_address: Annotated[
        str | None,
        MaxBytes(MAX_ADDRESS_BYTES),
        Field(min_length=1, description="The whole address; neither its letters' case nor a `+tag` in it counts."),
    ] = None
    template: Annotated[TemplateName | None, Field(description="The whole name.")] = None
    mail_state: MailState | None = None
