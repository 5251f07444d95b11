"""End sessions on request: one, or all of a user."""

from signet_common.passport import Passport
from signet_identity.application.authority import user_id_of, user_in_reach
from signet_identity.application.changes import ended_session
from signet_identity.application.end_sessions import end_sessions
from signet_identity.application.ports import Transaction, UnitOfWork
from signet_identity.application.reach import reaches
from signet_identity.domain.errors import NotFound


class EndSession:
    """Ends one session by its id, for instance of a device that was lost."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def __call__(self, caller: Passport, session_id: int) -> None:
        """End the session.

        Raises:
            NotFound: there is none of that id in the caller's scope.
            PrivilegeExceeded: its user may do something that the caller may not.
        """

        def work(transaction: Transaction) -> None:
            session = transaction.sessions.get(session_id)
            if session is None or not reaches(caller, session.user_id):
                raise NotFound(f"there is no session {session_id}")
            user_in_reach(transaction, caller, session.user_id)
            if not transaction.sessions.end(session_id):
                raise NotFound(f"session {session_id} has just ended")
            transaction.record(ended_session(session_id, session.user_id))

        self._unit_of_work.execute(caller, work, type(None))


class EndSessions:
    """Ends every session of a user, the one that signs the request included."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def __call__(self, caller: Passport, user_id: int | None) -> None:
        """End the sessions of a user in the caller's scope; None: the caller's own.

        Raises:
            NotFound: there is no such user in the caller's scope.
            PrivilegeExceeded: the user may do something that the caller may not.
        """
        whose = user_id_of(caller) if user_id is None else user_id

        def work(transaction: Transaction) -> None:
            user_in_reach(transaction, caller, whose)
            end_sessions(transaction, whose)

        self._unit_of_work.execute(caller, work, type(None))
