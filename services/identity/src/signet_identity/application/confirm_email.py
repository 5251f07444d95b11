"""Prove that an e-mail address is read by the account's owner: ask for a mail, bring its token back."""

from dataclasses import replace
from datetime import timedelta

from signet_common.passport import Passport
from signet_identity.application.authority import user_id_of
from signet_identity.application.changes import requested_email_confirmation, updated_user
from signet_identity.application.mail import TokenMail, wait_for_mail
from signet_identity.application.ports import Clock, MailedTokens, Transaction, UnitOfWork
from signet_identity.domain.credentials import token_digest
from signet_identity.domain.errors import FieldRefused, NotFound, TooManyMails
from signet_identity.domain.single_use_tokens import Purpose, address_of, check_holder
from signet_identity.domain.users import with_confirmed_email


class RequestEmailConfirmation:
    """Mails a token to the caller's own address."""

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock, lifetime: timedelta) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._lifetime = lifetime

    def __call__(self, caller: Passport) -> None:
        """Ask for the mail.

        Raises:
            NotFound: the caller is nobody, or gone.
            FieldRefused: the account has no address, or a confirmed one.
            TooManyMails: enough were sent within the hour; says when to come back.
        """
        user_id, now = user_id_of(caller), self._clock()

        def work(transaction: Transaction) -> None:
            user = transaction.users.get(user_id)
            if user is None:
                raise NotFound("the account is gone")
            address = address_of(user, Purpose.EMAIL_CONFIRMATION)
            if address is None:
                raise FieldRefused("email", "the account has none")
            if user.pending_email is None and user.email_confirmed_at is not None:
                raise FieldRefused("email", "is confirmed already")
            if wait := wait_for_mail(transaction, user, Purpose.EMAIL_CONFIRMATION, now):
                raise TooManyMails("enough mails were sent within the last hour", wait.total_seconds())
            TokenMail(Purpose.EMAIL_CONFIRMATION, user, now, now + self._lifetime).send(transaction)
            transaction.record(requested_email_confirmation(user, address))

        self._unit_of_work.execute(caller, work, type(None))


class ConfirmEmail:
    """Makes the address the account's, and confirmed, for whoever brings its token back."""

    def __init__(self, tokens: MailedTokens, unit_of_work: UnitOfWork, clock: Clock) -> None:
        self._tokens = tokens
        self._unit_of_work = unit_of_work
        self._clock = clock

    def __call__(self, caller: Passport, token: str) -> None:
        """Confirm the address that the token was sent to.

        Raises:
            TokenRefused: the token does not work, or does not any more; so when the address is another one by now.
            Duplicate: it belongs to another account; told to nobody but who reads that mailbox.
            VersionConflict: the account changed at this very moment; the token still works.
        """
        digest, now = token_digest(token), self._clock()
        holder = check_holder(*self._tokens.find(digest, Purpose.EMAIL_CONFIRMATION), now)

        def work(transaction: Transaction) -> None:
            used = transaction.single_use_tokens.use(digest, Purpose.EMAIL_CONFIRMATION, now)
            user = check_holder(used, transaction.users.get(holder.user_id), now)
            new = replace(
                with_confirmed_email(user, now), version=user.version + 1, updated_at=now, updated_by=user.user_id
            )
            transaction.users.save(new)
            transaction.record(updated_user(user, new))

        as_user = replace(caller, user_id=holder.user_id, user_name=holder.user_name, idempotency_key="")
        self._unit_of_work.execute(as_user, work, type(None))
