"""Explain whether somebody may do something, and why."""

from collections.abc import Collection
from dataclasses import dataclass

from signet_common.passport import Passport
from signet_identity.application.authority import user_id_of
from signet_identity.application.ports import Clock
from signet_identity.application.queries import AccessQueries
from signet_identity.domain.credentials import api_key_id_of
from signet_identity.domain.explanation import Explanation, explain


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """Which permission; whose (None: the caller's); signing with which API key (None: the caller's own, or none)."""

    permission: str
    user_id: int | None = None
    api_key_id: int | None = None


class ExplainAccess:
    """Answers by the rules that grants are made by, on the rows of the moment."""

    def __init__(self, queries: AccessQueries, operations: Collection[str], clock: Clock) -> None:
        self._queries = queries
        self._operations = operations
        self._clock = clock

    def __call__(self, caller: Passport, question: AccessQuestion) -> Explanation:
        """Explain; the asking itself is on record.

        Raises:
            NotFound: the user is out of the caller's scope, or the key is not that user's.
        """
        asks_for_self = question.user_id in (None, caller.user_id)
        user_id = question.user_id if question.user_id is not None else user_id_of(caller)
        api_key_id = question.api_key_id
        if asks_for_self and api_key_id is None:
            api_key_id = api_key_id_of(caller.credential_id)
        standing = self._queries.standing(user_id, api_key_id, caller, record=True)
        return explain(question.permission, standing, self._operations, self._clock())
