"""Access: whether somebody may do something, and why."""

from dataclasses import dataclass

from signet.connection import Connection
from signet.decoding import decode


@dataclass(frozen=True, slots=True)
class Step:
    """One rule on the way to the decision, and what it said."""

    rule: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision with its steps; `scope` is None where nothing is allowed."""

    allowed: bool
    scope: str | None = None
    steps: tuple[Step, ...] = ()


class Access:
    """`/api/v1/access`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def explain(self, permission: str, *, user_id: int | None = None, api_key_id: int | None = None) -> Explanation:
        """Say whether the caller, or the user named, holds `resource:operation`, by all rights or by one key's.

        Raises NotFound, Forbidden.
        """
        query = {"permission": permission, "user_id": user_id, "api_key_id": api_key_id}
        return decode(Explanation, self._connection.request("GET", "/api/v1/access/explain", query=query).data)
