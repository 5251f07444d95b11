"""Sign in with a password.

Every refusal looks and costs the same: an unknown login is verified against a dummy hash and its attempts are counted
like any other's, so neither the answer nor its time tells who has an account.
"""

from dataclasses import dataclass, field, replace

from signet_common.passport import Passport
from signet_identity.application.attempts import Attempts, login_subject
from signet_identity.application.changes import failed_login, opened_session
from signet_identity.application.ports import Accounts, Clock, Passwords, Transaction, UnitOfWork
from signet_identity.application.repositories import Account
from signet_identity.domain.credentials import NewCredential, Session, SessionLifetime, new_session
from signet_identity.domain.errors import AccountInactive, CredentialsInvalid, TooManySignIns
from signet_identity.domain.logins import login_kind
from signet_identity.domain.passwords import prepared
from signet_identity.domain.users import State, User


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session, with the only copy of its token and secret."""

    session: Session
    credential: NewCredential = field(repr=False)


class SignIn:
    """Opens a session for whoever proves a password. Each attempt leaves an event."""

    def __init__(
        self,
        accounts: Accounts,
        unit_of_work: UnitOfWork,
        attempts: Attempts,
        passwords: Passwords,
        clock: Clock,
        *,
        lifetime: SessionLifetime,
    ) -> None:
        self._accounts = accounts
        self._unit_of_work = unit_of_work
        self._attempts = attempts
        self._passwords = passwords
        self._clock = clock
        self._lifetime = lifetime

    def __call__(self, caller: Passport, login: str, password: str) -> SignedIn:
        """Verify the password and open a session.

        Raises:
            CredentialsInvalid: unknown login, no password set, or the wrong one.
            AccountInactive: the right one, of an inactive account.
            TooManySignIns: too early after too many attempts, or too many passwords wait already.
        """
        attempt = self._attempts.begin(caller, login_subject(login))
        try:
            account = self._proven(caller, login, password)
            rehashed = self._rehashed(account, password)
        except (AccountInactive, TooManySignIns):
            self._attempts.give_back(caller, attempt)
            raise
        credential = new_session()
        now = self._clock()

        def work(transaction: Transaction) -> Session:
            # Disabled or given another password while the hash was being computed: the proof is void.
            if transaction.users.account(account.user.user_id) != account:
                raise CredentialsInvalid
            user_id = account.user.user_id
            if rehashed is not None:
                transaction.users.rehash(user_id, *rehashed)
            self._attempts.succeed(transaction, attempt)
            session = transaction.sessions.add(
                credential, self._lifetime, user_id=user_id, client_ip=caller.client_ip, at=now
            )
            transaction.record(opened_session(session))
            return session

        return SignedIn(self._unit_of_work.execute(_as_user(caller, account.user), work, Session), credential)

    def _proven(self, caller: Passport, login: str, password: str) -> Account:
        account = self._accounts.by_login(login_kind(login), login)
        proven = self._passwords.verify(account.password_hash if account else None, prepared(password))
        if account is None:
            self._refuse(caller, None, "unknown_login")
            raise CredentialsInvalid
        if not proven:
            self._refuse(caller, account.user, "wrong_password")
            raise CredentialsInvalid
        if account.user.user_state is not State.ACTIVE:
            self._refuse(caller, account.user, "user_inactive")
            raise AccountInactive
        return account

    def _rehashed(self, account: Account, password: str) -> tuple[str, str] | None:
        """The old and the new hash, where the old one was made with other parameters: only now is the text at hand."""
        old_hash = account.password_hash
        if old_hash is None or not self._passwords.is_outdated(old_hash):
            return None
        return old_hash, self._passwords.hash(prepared(password))

    def _refuse(self, caller: Passport, user: User | None, reason: str) -> None:
        nobody = replace(caller, idempotency_key="")
        self._unit_of_work.execute(
            nobody, lambda transaction: transaction.record(failed_login(user, reason)), type(None)
        )


def _as_user(caller: Passport, user: User) -> Passport:
    """The caller by the name that was just proven; every sign-in is a new one, whatever key a client sends along."""
    return replace(
        caller,
        user_id=user.user_id,
        user_name=user.user_name,
        roles=user.roles,
        authentication="password",
        idempotency_key="",
    )
