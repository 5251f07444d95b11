"""Prove that an account is the caller's own, by its password: what a stolen session or API key cannot do."""

from dataclasses import dataclass, replace

from signet_common.passport import Passport
from signet_identity.application.attempts import Attempt, Attempts, account_subject
from signet_identity.application.authority import user_id_of
from signet_identity.application.changes import failed_login
from signet_identity.application.ports import Accounts, Passwords, UnitOfWork
from signet_identity.application.repositories import Account
from signet_identity.domain.errors import CredentialsInvalid, NotFound, TooManySignIns
from signet_identity.domain.passwords import prepared


@dataclass(frozen=True, slots=True)
class Proof:
    """The account as it was proven, and the attempt that did it: still counted, until it is taken back."""

    account: Account
    attempt: Attempt


class ProvePassword:
    """Compares the caller's password, as slowly after failures as a sign-in; a wrong one leaves an event."""

    def __init__(self, accounts: Accounts, unit_of_work: UnitOfWork, attempts: Attempts, passwords: Passwords) -> None:
        self._accounts = accounts
        self._unit_of_work = unit_of_work
        self._attempts = attempts
        self._passwords = passwords

    def __call__(self, caller: Passport, password: str) -> Proof:
        """Return the proof.

        Raises:
            CredentialsInvalid: the password is wrong, or there is none.
            NotFound: the caller is nobody, or gone.
            TooManySignIns: too early after too many wrong ones, or too many passwords wait already.
        """
        attempt = self._attempts.begin(caller, account_subject(user_id_of(caller)))
        account = self._accounts.by_id(user_id_of(caller))
        if account is None:
            raise NotFound("the account is gone")
        try:
            proven = self._passwords.verify(account.password_hash, prepared(password))
        except TooManySignIns:
            self._attempts.give_back(caller, attempt)
            raise
        if not proven:
            refused = failed_login(account.user, "wrong_password")
            unkeyed = replace(caller, idempotency_key="")
            self._unit_of_work.execute(unkeyed, lambda transaction: transaction.record(refused), type(None))
            raise CredentialsInvalid("the old password is another one")
        return Proof(account, attempt)
