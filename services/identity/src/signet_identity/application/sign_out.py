"""Sign out."""

from signet_common.passport import Passport
from signet_identity.application.authority import user_id_of
from signet_identity.application.changes import ended_session
from signet_identity.application.ports import Transaction, UnitOfWork
from signet_identity.domain.credentials import session_id_of
from signet_identity.domain.errors import NotFound


class SignOut:
    """Ends the session that the request was signed with, secret and all."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def __call__(self, caller: Passport) -> None:
        """End the caller's session.

        Raises:
            NotFound: the request was signed with an API key, or its session has just ended.
        """
        user_id = user_id_of(caller)
        session_id = session_id_of(caller.credential_id)
        if session_id is None:
            raise NotFound("an API key has no session")

        def work(transaction: Transaction) -> None:
            if not transaction.sessions.end(session_id):
                raise NotFound("the session has ended")
            transaction.record(ended_session(session_id, user_id))

        self._unit_of_work.execute(caller, work, type(None))
