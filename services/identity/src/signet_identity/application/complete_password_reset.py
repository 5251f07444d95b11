"""Set a password anew, with a token from a mail."""

from dataclasses import replace

from signet_common.passport import Passport
from signet_identity.application.attempts import Attempts
from signet_identity.application.changes import completed_password_reset, updated_user
from signet_identity.application.end_sessions import end_sessions
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import Clock, MailedTokens, Transaction, UnitOfWork
from signet_identity.domain.credentials import token_digest
from signet_identity.domain.single_use_tokens import Purpose, check_holder
from signet_identity.domain.users import User


class CompletePasswordReset:
    """Replaces the password of whoever brings a token back, and shuts out everybody who got in before."""

    def __init__(
        self,
        tokens: MailedTokens,
        unit_of_work: UnitOfWork,
        attempts: Attempts,
        hash_password: HashNewPassword,
        clock: Clock,
    ) -> None:
        self._tokens = tokens
        self._unit_of_work = unit_of_work
        self._attempts = attempts
        self._hash_password = hash_password
        self._clock = clock

    def __call__(self, caller: Passport, token: str, new_password: str) -> None:
        """Set the password, use the token up, void the user's others and end all sessions. API keys keep working.

        Failed attempts at the old password no longer delay the owner, who has just proven to read the mail.

        Raises:
            TokenRefused: the token does not work, or does not any more.
            FieldRefused: the password breaks a rule; the token still works.
            VersionConflict: the account changed at this very moment; the token still works.
        """
        digest = token_digest(token)
        # Looked at before the hash is computed: whoever makes tokens up must not keep the cores busy.
        holder = self._holder(digest)
        password_hash = self._hash_password(
            new_password, user_name=holder.user_name, email=holder.email, field="new_password"
        )
        now = self._clock()

        def work(transaction: Transaction) -> None:
            used = transaction.single_use_tokens.use(digest, Purpose.PASSWORD_RESET, now)
            user = check_holder(used, transaction.users.get(holder.user_id), now)
            new = replace(
                user, version=user.version + 1, password_changed_at=now, updated_at=now, updated_by=user.user_id
            )
            transaction.users.set_password(new, password_hash)
            self._attempts.forgive(transaction, caller, user)
            transaction.record(updated_user(user, new))
            end_sessions(transaction, user.user_id)
            transaction.record(completed_password_reset(user))

        # No Idempotency-Key: its row would hold a fast digest of the password. A repeat fails at the token.
        as_user = replace(caller, user_id=holder.user_id, user_name=holder.user_name, idempotency_key="")
        self._unit_of_work.execute(as_user, work, type(None))

    def _holder(self, digest: str) -> User:
        token, user = self._tokens.find(digest, Purpose.PASSWORD_RESET)
        return check_holder(token, user, self._clock())
