"""The first run: roles, the first administrator and an API key, in one transaction."""

import secrets
from dataclasses import dataclass, field

from signet_common.passport import Passport
from signet_identity.application.changes import inserted_api_key, inserted_role, inserted_user
from signet_identity.application.ports import Clock, Passwords, Transaction, UnitOfWork
from signet_identity.domain.credentials import NewApiKey, NewCredential, new_api_key
from signet_identity.domain.roles import ADMINISTRATOR, SEEDED_ROLES
from signet_identity.domain.users import NewUser

USER_NAME = "admin"
PASSWORD_BYTES = 24


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """How the first administrator gets in."""

    user_name: str
    password: str = field(repr=False)
    api_key: NewCredential = field(repr=False)


def new_first_account() -> FirstAccount:
    """Draw the credentials of the first administrator; they open nothing until `FirstRun` stores them."""
    return FirstAccount(USER_NAME, secrets.token_urlsafe(PASSWORD_BYTES), new_api_key())


class FirstRun:
    """Furnishes an empty installation, once."""

    def __init__(self, unit_of_work: UnitOfWork, passwords: Passwords, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._passwords = passwords
        self._clock = clock

    def is_done(self, deployment: Passport) -> bool:
        """Whether there is an administrator, of any state."""
        return self._unit_of_work.execute(deployment, lambda transaction: transaction.users.any_administrator(), bool)

    def __call__(self, deployment: Passport, account: FirstAccount) -> bool:
        """Store the account; False, and nothing is changed, where an administrator exists."""
        password_hash = self._passwords.hash(account.password)
        now = self._clock()

        def work(transaction: Transaction) -> bool:
            if transaction.users.any_administrator():
                return False
            for role in transaction.roles.seed(SEEDED_ROLES, at=now):
                transaction.record(inserted_role(role))
            new = NewUser(account.user_name, roles=(ADMINISTRATOR,))
            user = transaction.users.add(new, password_hash=password_hash, by=None, at=now)
            transaction.record(inserted_user(user))
            first_key = NewApiKey(user.user_id, key_name="first run")
            api_key = transaction.api_keys.add(account.api_key, first_key, by=None, at=now)
            transaction.record(inserted_api_key(api_key))
            return True

        return self._unit_of_work.execute(deployment, work, bool, secret=True)
