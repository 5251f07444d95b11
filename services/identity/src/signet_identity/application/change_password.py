"""Change one's own password."""

from dataclasses import replace

from signet_common.passport import Passport
from signet_identity.application.attempts import Attempts
from signet_identity.application.changes import updated_user
from signet_identity.application.end_sessions import end_sessions
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import Clock, Transaction, UnitOfWork
from signet_identity.application.prove_password import ProvePassword
from signet_identity.domain.credentials import session_id_of
from signet_identity.domain.errors import FieldRefused, TooManySignIns


class ChangePassword:
    """Replaces the caller's password. A stolen session is not enough for it, and loses what it had."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        prove: ProvePassword,
        attempts: Attempts,
        hash_password: HashNewPassword,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._prove = prove
        self._attempts = attempts
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
        proof = self._prove(caller, old_password)
        user = proof.account.user
        try:
            password_hash = self._hash_password(
                new_password, user_name=user.user_name, email=user.email, field="new_password"
            )
        except (FieldRefused, TooManySignIns):
            self._attempts.give_back(caller, proof.attempt)
            raise
        now = self._clock()
        new = replace(user, version=user.version + 1, password_changed_at=now, updated_at=now, updated_by=user.user_id)

        def work(transaction: Transaction) -> None:
            self._attempts.succeed(transaction, proof.attempt)
            transaction.users.set_password(new, password_hash)
            transaction.record(updated_user(user, new))
            end_sessions(transaction, user.user_id, but=session_id_of(caller.credential_id))

        self._unit_of_work.execute(caller, work, type(None))
