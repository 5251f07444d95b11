"""What can be refused here, as one tree.

IdentityError
├── FieldRefused          a value breaks a rule of its field (names the field)
├── Duplicate             a unique value is taken (names the field)
├── NotFound              no such row, or none in the caller's scope
├── VersionConflict       the row is not at the version that the caller has seen
├── CredentialsInvalid    sign-in refused; deliberately says nothing more
├── AccountInactive       the password was right, the account is switched off
├── PrivilegeExceeded     the caller would hand out, or manage someone holding, a permission that the caller lacks
├── LastAdministrator     nobody would be left who may do everything
├── TokenRefused          a mailed token works not, or no more; deliberately says nothing more
├── TooManyMails          enough mails were sent to the account for now
├── RoleFixed             the role is one of those that keep an installation whole
├── RoleInUse             somebody still holds the role
└── TooManySignIns        too many attempts here, or so many passwords wait that one more would only wait longer
"""


class IdentityError(Exception):
    """Anything that identity refuses for a reason of its own."""


class FieldRefused(IdentityError):
    """A value breaks a rule of its field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Duplicate(IdentityError):
    """A unique value belongs to another row already."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: belongs to another user")
        self.field = field


class NotFound(IdentityError):
    """No such row, or none that the caller's scope reaches: the two look the same from outside."""


class VersionConflict(IdentityError):
    """The row has changed since the caller read it (RFC 9110, 13.1.1)."""


class CredentialsInvalid(IdentityError):
    """Unknown login, no password or the wrong one: one answer for all three."""


class AccountInactive(IdentityError):
    """The account is inactive; said only to somebody who proved its password."""


class PrivilegeExceeded(IdentityError):
    """The caller lacks a permission that the other side holds or would get."""


class LastAdministrator(IdentityError):
    """The change would leave no active administrator."""


class TokenRefused(IdentityError):
    """Unknown, used, over, or sent to an address that the account no longer has: one answer for all."""


class TooManyMails(IdentityError):
    """The account has been sent enough mails for now."""

    def __init__(self, message: str, retry_after: float) -> None:
        """`retry_after` in seconds: when the oldest of them counts no more."""
        super().__init__(message)
        self.retry_after = retry_after


class RoleFixed(IdentityError):
    """The role came with the installation: it cannot be removed, or, the administrator's, not be changed either."""


class RoleInUse(IdentityError):
    """Somebody holds the role: taking it from all of them at once is a decision about each of them."""


class TooManySignIns(IdentityError):
    """Passwords are checked a few at a time, and those of one login or network a few in a row."""

    def __init__(self, message: str, retry_after: float) -> None:
        """`retry_after` in seconds."""
        super().__init__(message)
        self.retry_after = retry_after
