"""The rows of mails: how one is read, and how its content is sealed."""

from dataclasses import fields
from typing import Any

from signet_common.keyring.ciphers import KeyUnknown, RowCipher, SecretUnreadable
from signet_scheduler.adapters.outbound.tables import MAILS
from signet_scheduler.application.mail_content import MailContent, MailUnreadable
from signet_scheduler.domain.mails import Mail

MAIL_COLUMNS = tuple(MAILS.c[field.name] for field in fields(Mail))
_PLACE = {"table": "mails", "column": "content"}
"""Where contents stand. Part of what is authenticated, so neither may ever be renamed."""


def mail_of(row: Any) -> Mail:
    """The mail in a row that begins with `MAIL_COLUMNS`."""
    return Mail(*tuple(row)[: len(MAIL_COLUMNS)])


class MailContents:
    """Seals what mails say under the keyring, each bound to its row."""

    def __init__(self, keyring: RowCipher) -> None:
        self._keyring = keyring

    def seal(self, mail_id: int, content: MailContent) -> str:
        """The text to store."""
        return self._keyring.encrypt(content.as_json(), row_id=mail_id, **_PLACE)

    def open(self, mail_id: int, stored: str | None) -> MailContent:
        """What was sealed. Raises MailUnreadable, KeyUnknown."""
        try:
            return MailContent.from_json(self._keyring.decrypt(stored or "", row_id=mail_id, **_PLACE))
        except KeyUnknown:
            raise
        except SecretUnreadable:
            raise MailUnreadable("the stored content does not decrypt") from None
