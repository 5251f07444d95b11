"""A folder that mails are put into, one file each: for a deployment without a mail server, and for looking at mails.

A mail has one name for ever, so one that is sent again replaces itself. Names sort by the time at which the mails were
asked for, and nobody guesses them: some mails hold a token.
"""

import os
from pathlib import Path

from signet_scheduler.application.mail_transport import MailDeferred, OutgoingMail

_MINE_ALONE = 0o600


class FileOutboxTransport:
    """Fulfils the port `MailTransport`."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made yet."""
        self._folder = folder

    def send(self, mail: OutgoingMail) -> str:
        """Write the whole mail, or none of it, durably. MailDeferred where the folder cannot be written."""
        name = f"{mail.mail_key}.eml"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self._folder / f".{name}.part"
            part.unlink(missing_ok=True)
            self._write(part, mail.data)
            part.replace(self._folder / name)
            self._keep_names()
        except OSError as failed:
            raise MailDeferred(f"the folder of mails cannot be written: {failed.strerror}") from None
        return f"written to {name}"

    @staticmethod
    def _write(part: Path, data: bytes) -> None:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MINE_ALONE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _keep_names(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
