"""Change one's own password."""

from dataclasses import replace

from signet_common.passport import Passport
from signet_identity.application.attempts import Attempts, account_subject
from signet_identity.application.authority import user_id_of
from signet_identity.application.changes import failed_login, updated_user
from signet_identity.application.end_sessions import end_sessions
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import Accounts, Clock, Passwords, Transaction, UnitOfWork
from signet_identity.application.repositories import Account
from signet_identity.domain.credentials import session_id_of
from signet_identity.domain.errors import CredentialsInvalid, FieldRefused, NotFound, TooManySignIns
from signet_identity.domain.passwords import prepared


class ChangePassword:
    """Replaces the caller's password. A stolen session is not enough for it, and loses what it had."""

    def __init__(
        self,
        accounts: Accounts,
        unit_of_work: UnitOfWork,
        attempts: Attempts,
        passwords: Passwords,
        hash_password: HashNewPassword,
        *,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._unit_of_work = unit_of_work
        self._attempts = attempts
        self._passwords = passwords
        self._hash_password = hash_password
        self._clock = clock

    def __call__(self, caller: Passport, old_password: str, new_password: str) -> None:
        """Set the new password and end every session but the one that signed the request.

        Raises:
            CredentialsInvalid: the old password is wrong, or there is none.
            FieldRefused: the new one breaks a rule.
            TooManySignIns: too early after too many wrong ones, or too many passwords wait already.
            VersionConflict: the account changed while the hashes were computed.
        """
        # No Idempotency-Key: its row would hold a fast digest of both passwords. A repeat fails at the old one.
        caller = replace(caller, idempotency_key="")
        attempt = self._attempts.begin(caller, account_subject(user_id_of(caller)))
        try:
            user = self._proven(caller, old_password).user
            password_hash = self._hash_password(
                new_password, user_name=user.user_name, email=user.email, field="new_password"
            )
        except (FieldRefused, TooManySignIns):
            self._attempts.give_back(caller, attempt)
            raise
        now = self._clock()
        new = replace(user, version=user.version + 1, password_changed_at=now, updated_at=now, updated_by=user.user_id)

        def work(transaction: Transaction) -> None:
            self._attempts.succeed(transaction, attempt)
            transaction.users.set_password(new, password_hash)
            transaction.record(updated_user(user, new))
            end_sessions(transaction, user.user_id, but=session_id_of(caller.credential_id))

        self._unit_of_work.execute(caller, work, type(None))

    def _proven(self, caller: Passport, old_password: str) -> Account:
        account = self._accounts.by_id(user_id_of(caller))
        if account is None:
            raise NotFound("the account is gone")
        if not self._passwords.verify(account.password_hash, prepared(old_password)):
            refused = failed_login(account.user, "wrong_password")
            self._unit_of_work.execute(caller, lambda transaction: transaction.record(refused), type(None))
            raise CredentialsInvalid("the old password is another one")
        return account
