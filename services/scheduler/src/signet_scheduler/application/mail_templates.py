"""The mails that there are: what each one has to be told, and who may ask for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from signet_scheduler.domain.lines import one_line, paragraphs

MAX_LINE = 200
MAX_TEXT = 20_000
SECRETS = frozenset({"token"})
"""Values that must be seen nowhere but in the mail."""

Line = Annotated[str, Field(max_length=2_000), AfterValidator(lambda text: one_line(text, MAX_LINE))]
"""Text for one line: what would end the line is taken out, since a name from elsewhere is no reason to send nothing."""
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,128}$")]
Count = Annotated[int, Field(ge=0)]


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no time in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Values(BaseModel):
    """What a template is told. More than that is left aside: a sender may be newer than this service."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TokenValues(Values):
    """A token that works once, for whoever reads the mailbox."""

    user_name: Line
    token: Token = Field(repr=False)
    expires_at: Moment


class EmailChanged(Values):
    """For the address that an account has no more."""

    user_name: Line


class EndingApiKey(Values):
    """A key that will sign nothing soon."""

    api_key_name: Line
    expires_at: Moment


class ApiKeyExpiring(EndingApiKey):
    """The first of its owner's keys to end, and the others that end soon."""

    user_name: Line
    others: Annotated[tuple[EndingApiKey, ...], Field(max_length=100)] = ()

    @property
    def last(self) -> datetime:
        """When none of them is left."""
        return max(key.expires_at for key in (self, *self.others))


class Total(Values):
    """How many events of one kind there were."""

    service: Line
    resource: Line
    operation: Line
    events: Count


class ActiveUser(Values):
    """How many events of a day were one user's."""

    user_name: Line
    events: Count


class ActivityDigest(Values):
    """What happened on one UTC day, from the audit log."""

    day: date
    totals: Annotated[tuple[Total, ...], Field(max_length=1_000)]
    requests_refused: Count
    sign_ins_refused: Count
    users: Annotated[tuple[ActiveUser, ...], Field(max_length=100)]


class Notice(Values):
    """What somebody has to say."""

    subject_line: Line
    text: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(paragraphs)]


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """One kind of mail. `by_api` lets people ask for it; the others come as commands and from jobs alone."""

    name: str
    values: type[Values]
    example: Mapping[str, Any] = field(repr=False)
    by_api: bool = False

    def read(self, values: object) -> Values:
        """The values as the template takes them. Raises ValuesInvalid."""
        try:
            return self.values.model_validate(values)
        except ValidationError as refused:
            raise ValuesInvalid(
                [(".".join(map(str, ("values", *error["loc"]))), error["msg"]) for error in refused.errors()]
            ) from None


class TemplateUnknown(ValueError):
    """There is no such template."""


class ValuesInvalid(ValueError):
    """Values do not fit their template; says which and why, and repeats none of them."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{name}: {message}" for name, message in self.problems))


_TOKEN = {
    "user_name": "ann",
    "token": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
    "expires_at": "2027-03-01T12:30:00Z",
}
TEMPLATES: Mapping[str, MailTemplate] = {
    template.name: template
    for template in (
        MailTemplate("password_reset", TokenValues, _TOKEN),
        MailTemplate("email_confirmation", TokenValues, _TOKEN),
        MailTemplate("email_changed", EmailChanged, {"user_name": "ann"}),
        MailTemplate(
            "api_key_expiring",
            ApiKeyExpiring,
            {
                "user_name": "ann",
                "api_key_name": "nightly import",
                "expires_at": "2027-03-01T12:30:00Z",
                "others": [{"api_key_name": "weekly report", "expires_at": "2027-03-02T08:15:00Z"}],
            },
        ),
        MailTemplate(
            "activity_digest",
            ActivityDigest,
            {
                "day": "2027-02-28",
                "totals": [
                    {"service": "resources", "resource": "demo", "operation": "insert", "events": 12},
                    {"service": "files", "resource": "file", "operation": "download", "events": 340},
                ],
                "requests_refused": 7,
                "sign_ins_refused": 2,
                "users": [{"user_name": "ann", "events": 301}, {"user_name": "bob", "events": 51}],
            },
        ),
        MailTemplate(
            "notice",
            Notice,
            {"subject_line": "Maintenance on Sunday", "text": "Signet will be away from 06:00 to 06:30 UTC."},
            by_api=True,
        ),
    )
}


def template_named(name: object) -> MailTemplate:
    """Find a template. Raises TemplateUnknown."""
    found = TEMPLATES.get(name) if isinstance(name, str) else None
    if found is None:
        raise TemplateUnknown("there is no such template")
    return found
