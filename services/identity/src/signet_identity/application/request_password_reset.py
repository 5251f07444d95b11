"""Ask for a mail with which a password can be set anew.

Neither the answer nor its time tells whether there is such an account: the same statements run for every login, and
where nobody is to get a mail they make a token of nobody and a command that is over before it can leave.
"""

from datetime import timedelta

from signet_common.passport import Passport
from signet_identity.application.changes import requested_password_reset
from signet_identity.application.mail import TokenMail, wait_for_mail
from signet_identity.application.ports import Accounts, Clock, Transaction, UnitOfWork
from signet_identity.application.repositories import Account
from signet_identity.domain.logins import login_kind
from signet_identity.domain.single_use_tokens import Purpose
from signet_identity.domain.users import State


class RequestPasswordReset:
    """Mails a token to the address of an account, at most a few an hour. Each request leaves an event."""

    def __init__(self, accounts: Accounts, unit_of_work: UnitOfWork, clock: Clock, lifetime: timedelta) -> None:
        self._accounts = accounts
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._lifetime = lifetime

    def __call__(self, caller: Passport, login: str) -> None:
        """Ask; never says what came of it."""
        account = self._accounts.by_login(login_kind(login), login)
        obstacle = _obstacle(account)
        now = self._clock()

        def work(transaction: Transaction) -> None:
            user = account.user if account and not obstacle else None
            wait = wait_for_mail(transaction, user, Purpose.PASSWORD_RESET, now)
            outcome = obstacle or ("too_many" if wait else "mailed")
            recipient = user if outcome == "mailed" else None
            TokenMail(Purpose.PASSWORD_RESET, recipient, now, now + self._lifetime).send(transaction)
            transaction.record(requested_password_reset(account.user if account else None, outcome))

        self._unit_of_work.execute(caller, work, type(None))


def _obstacle(account: Account | None) -> str:
    """Why an account gets no mail; empty for none. An account without a password has none to forget: API keys only."""
    if account is None:
        return "unknown_login"
    if account.user.user_state is not State.ACTIVE:
        return "user_inactive"
    if account.user.email is None:
        return "no_email"
    return "" if account.password_hash is not None else "no_password"
