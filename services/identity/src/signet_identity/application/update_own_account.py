"""Change the contact of one's own account."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from signet_common.passport import Passport
from signet_identity.application.attempts import Attempts
from signet_identity.application.authority import user_id_of
from signet_identity.application.ports import Fingerprint
from signet_identity.application.prove_password import ProvePassword
from signet_identity.application.update_user import UpdateUser, UserUpdate
from signet_identity.domain.errors import Duplicate
from signet_identity.domain.logins import check_contact
from signet_identity.domain.users import User


@dataclass(frozen=True, slots=True)
class OwnUpdate:
    """What shall change of the contact, as in `UserUpdate`, and the password where it takes one."""

    contact: Mapping[str, str | None]
    old_password: str | None = field(default=None, repr=False)
    expected: frozenset[int] | None = None


class UpdateOwnAccount:
    """Changes the caller's contact. Another address or number takes the password, and an address waits to be proven."""

    def __init__(
        self, update_user: UpdateUser, prove: ProvePassword, attempts: Attempts, fingerprint: Fingerprint
    ) -> None:
        self._update_user = update_user
        self._prove = prove
        self._attempts = attempts
        self._fingerprint = fingerprint

    def __call__(self, caller: Passport, own: OwnUpdate) -> User:
        """Apply the update and return the caller's account as it is now.

        A number that belongs to somebody counts like a wrong password: whoever tries out whose are known here is slowed
        down, and must not clear that by proving the own password in between.

        Raises:
            CredentialsInvalid, TooManySignIns: as `ProvePassword`, where a password came along.
            FieldRefused, Duplicate, NotFound, VersionConflict, PrivilegeExceeded: as `UpdateUser`.
        """
        update = UserUpdate(user_id_of(caller), own.contact, expected=own.expected)
        if own.old_password is None:
            return self._update_user(caller, update)
        check_contact(own.contact)
        proof = self._prove(caller, own.old_password)
        # An Idempotency-Key's row holds a digest of the body, fast to compute: no password may be guessed against it.
        keyed = replace(caller, body_sha256=self._fingerprint(caller.body_sha256))
        try:
            user = self._update_user(keyed, update, proof.account)
        except Duplicate:
            raise
        except Exception:
            self._attempts.give_back(caller, proof.attempt)
            raise
        self._attempts.give_back(caller, proof.attempt)
        return user
