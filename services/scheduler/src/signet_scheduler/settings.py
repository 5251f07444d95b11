"""The settings of the scheduler, read once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from signet_common.settings import (
    DatabaseUrl,
    ServiceSettings,
    SettingsError,
    matching,
    one_of,
    service_addresses,
    whole_number,
)
from signet_scheduler.domain.mail_destination import MailDestination, SmtpServer, read_destination
from signet_scheduler.domain.mails import LANGUAGES, Language
from signet_scheduler.domain.sender import Sender, read_sender


class Settings(ServiceSettings, prefix="SCHEDULER_"):
    """`SCHEDULER_*`. `database_url` may hold a password.

    `keyring` is the file that the contents of waiting mails are encrypted under. A worker process runs `threads` jobs
    at a time, and gives them `grace_seconds` to finish when it is told to stop. `upstreams` are the services, and the
    gateway, that jobs are asked of.

    `smtp_url` is where mails are handed over, `mail_from` whom they come from; a mail server needs both.
    `mail_language` is what mails are written in where nobody asked for another, `mail_per_hour` how many of one
    template an address gets, `mails_per_sender` how many one user may ask for in an hour, and `public_url` the address
    of this Signet as mails tell it.
    """

    database_url: DatabaseUrl
    keyring: Path
    smtp_url: Annotated[MailDestination, read_destination]
    mail_from: Annotated[Sender | None, read_sender] = None
    mail_language: Annotated[Language, one_of(*LANGUAGES)] = "en"
    mail_per_hour: Annotated[int, whole_number(least=1, most=100_000)] = 20
    mails_per_sender: Annotated[int, whole_number(least=1, most=1_000_000)] = 200
    public_url: Annotated[str, matching(r"https?://[!-~]+", "the URL of this Signet, http or https")] = ""
    upstreams: Annotated[Mapping[str, str] | None, service_addresses] = None
    threads: Annotated[int, whole_number(least=1, most=64)] = 8
    grace_seconds: Annotated[int, whole_number(least=0, most=3600)] = 20

    def __post_init__(self) -> None:
        """Raise SettingsError where a mail server is named and nobody whom mails come from."""
        if isinstance(self.smtp_url, SmtpServer) and self.mail_from is None:
            raise SettingsError("missing setting SCHEDULER_MAIL_FROM: whom mails come from, for the mail server")
