"""Mail addresses: one each, checked by the rules of RFC 5321, 5322 and 6531 before anything is done with them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

from email_validator import EmailNotValidError, validate_email

MAX_ADDRESS_BYTES = 254
"""RFC 5321, section 4.5.3.1.3, less the angle brackets."""
MAX_KEY_CHARACTERS = 320
"""More than any address needs; text that is none may grow beyond it in lower case."""

AddressesT = TypeVar("AddressesT", bound=Collection[str])


class AddressInvalid(ValueError):
    """No mail can be sent there; the message says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address. `ascii` is how every server takes it: the domain in punycode (RFC 5890).

    It is None where the part before the @ is not ASCII: that only a server with SMTPUTF8 (RFC 6531) takes.
    """

    text: str
    ascii: str | None

    @property
    def key(self) -> str:
        """What limits count by; mail never goes there."""
        return mailbox_key(self.text)

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return (self.ascii or self.text).rpartition("@")[2]


def mailbox_key(text: str) -> str:
    """One text for all spellings of a mailbox: no server in use tells them apart by case, and many cut `+tag` off.

    Not by casefold, for which `straße` and `strasse` are one: those are two people's.
    """
    mailbox, at, domain = text.lower().rpartition("@")
    return f"{mailbox.partition('+')[0] or mailbox}{at}{domain}"[:MAX_KEY_CHARACTERS]


def check_address(text: str) -> Address:
    """Read one address. No name is looked up: whether there is such a mailbox, its server will say.

    Raises:
        AddressInvalid: a list, a display name, a comment, a quoted local part, an address literal, a domain that is
            reserved for other uses, or nothing like an address.
    """
    if (
        len(text.encode(errors="replace")) > MAX_ADDRESS_BYTES
    ):  # before anything else: the library reads every character
        raise AddressInvalid(f"is longer than {MAX_ADDRESS_BYTES} bytes")
    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as refused:
        raise AddressInvalid(f"is no address for mail: {refused}") from None
    return Address(valid.normalized, valid.ascii_email)


def each_once(addresses: AddressesT) -> AddressesT:
    """The same addresses. Raises AddressInvalid where two of them differ in nothing that tells mailboxes apart."""
    if len({address.lower() for address in addresses}) != len(addresses):
        raise AddressInvalid("names an address twice")
    return addresses
