"""A password on its way to being stored: checked, then hashed."""

from signet_identity.application.ports import Passwords
from signet_identity.domain.passwords import IsCommon, check_password


class HashNewPassword:
    """The one way for a new password into the database, whoever sets it: creation, change, reset."""

    def __init__(self, passwords: Passwords, is_common: IsCommon) -> None:
        self._passwords = passwords
        self._is_common = is_common

    def __call__(self, password: str, *, user_name: str, email: str | None, field: str = "password") -> str:
        """Return the hash of an acceptable password.

        Raises:
            FieldRefused: the password breaks a rule; names `field`.
            TooManySignIns: too many hashes wait already.
        """
        return self._passwords.hash(
            check_password(password, self._is_common, user_name=user_name, email=email, field=field)
        )
