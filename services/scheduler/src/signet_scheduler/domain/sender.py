"""Whom mails come from."""

import re
from dataclasses import dataclass

from signet_scheduler.domain.addresses import AddressInvalid, check_address
from signet_scheduler.domain.lines import one_line

_NAMED = re.compile(r'(?:"([^"\\]*)"|([^"<>,;:@\\]*?))\s*<([^<>]*)>')
"""One mailbox with a name, quoted or not; a list has no place here."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A name for people, maybe empty, and an address that every server takes."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]


NOBODY = Sender("Signet", "signet@localhost")
"""Who writes into a folder, where nobody answers."""


def read_sender(text: str) -> Sender:
    """Read `Signet <noreply@example.org>` or the address alone. Raises ValueError, without repeating it."""
    named = _NAMED.fullmatch(text)
    quoted, plain, found = named.groups() if named else (None, None, text)
    try:
        address = check_address(found)
    except AddressInvalid:
        raise ValueError("is no address, as in Signet <noreply@example.org>") from None
    if address.ascii is None:
        raise ValueError("has to be ASCII before the @: many servers take no other sender")
    return Sender(one_line(quoted or plain or ""), address.ascii)
