"""Commands `mail.send` of other services, each carried out once."""

import json
import logging
from dataclasses import dataclass

from signet_common.messaging.command import ReceivedCommand
from signet_scheduler.application.ask_for_mail import AskForMail
from signet_scheduler.application.mail_templates import TemplateUnknown, ValuesInvalid

MAIL = "mail.send"
MAX_BODY_BYTES = 65_536

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MailCommands:
    """Carries commands out. One that makes no sense is logged, without its body, and counts as carried out.

    It would make as little sense the next time, and nobody keeps what may hold a secret.
    """

    ask: AskForMail

    def __call__(self, command: ReceivedCommand) -> None:
        """Carry one out; once this returns it may be acknowledged."""
        if command.name != MAIL:
            _LOGGER.error("command %s is %.64r, which nobody here carries out", command.command_id, command.name)
            return
        try:
            to, template, values = _read(command.body)
            self.ask(command.command_id, to, template, values)
        except (_Malformed, TemplateUnknown, ValuesInvalid) as refused:
            # Without a traceback, whose frames some collectors of logs show with their values.
            _LOGGER.error("command %s cannot be carried out: %s", command.command_id, refused)  # noqa: TRY400


class _Malformed(ValueError):
    """The body is not one of this command."""


def _read(body: bytes) -> tuple[str, str, dict[str, object]]:
    try:
        read = json.loads(body) if len(body) <= MAX_BODY_BYTES else None
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise _Malformed("its body is no JSON object of a bounded size")
    to, template, values = read.get("to"), read.get("template"), read.get("values")
    if not isinstance(to, str) or not isinstance(template, str) or not isinstance(values, dict):
        raise _Malformed("to, template or values are missing, or of another type")
    return to, template, values
