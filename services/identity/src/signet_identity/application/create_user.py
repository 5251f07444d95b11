"""Create a user."""

from dataclasses import replace

from signet_common.passport import Passport
from signet_identity.application.authority import require_cover, rights_of_roles
from signet_identity.application.changes import inserted_user
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import Clock, Fingerprint, Transaction, UnitOfWork
from signet_identity.application.shown_again import user_again
from signet_identity.domain.logins import check_contact, check_user_name
from signet_identity.domain.users import NewUser, User


class CreateUser:
    """Creates an account with roles that its creator could hold."""

    def __init__(
        self, unit_of_work: UnitOfWork, hash_password: HashNewPassword, clock: Clock, fingerprint: Fingerprint
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hash_password = hash_password
        self._clock = clock
        self._fingerprint = fingerprint

    def __call__(self, caller: Passport, new: NewUser) -> User:
        """Create and return the user.

        Raises:
            FieldRefused: a field breaks its rule, or a role does not exist.
            Duplicate: the name, the address or the number belongs to somebody.
            PrivilegeExceeded: a role carries a permission that the caller lacks.
        """
        check_user_name(new.user_name)
        check_contact({"email": new.email, "phone": new.phone, "display_name": new.display_name})
        password_hash = self._hash(new)
        now = self._clock()

        def work(transaction: Transaction) -> User:
            # What the roles permit now must still be so, and they must still be there, when the account gets them.
            transaction.roles.lock_administration()
            require_cover(transaction, caller, rights_of_roles(transaction, new.roles))
            user = transaction.users.add(new, password_hash=password_hash, by=caller.user_id, at=now)
            transaction.record(inserted_user(user))
            return user

        if new.password is not None:
            # A key's row holds a digest of the body, fast to compute: no password may be guessed against it.
            caller = replace(caller, body_sha256=self._fingerprint(caller.body_sha256))
        return self._unit_of_work.execute(
            caller, work, User, again=lambda transaction, user: user_again(transaction, caller, user)
        )

    def _hash(self, new: NewUser) -> str | None:
        if new.password is None:
            return None
        return self._hash_password(new.password, user_name=new.user_name, email=new.email)
