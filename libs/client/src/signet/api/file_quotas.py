"""How much each user may store."""

from dataclasses import dataclass

from signet.connection import Connection
from signet.decoding import decode

_PATH = "/api/v1/file-quotas"


@dataclass(frozen=True, slots=True)
class FileQuota:
    """What a user stores and may store, in bytes; `own_limit` is False where the limit is everybody's."""

    user_id: int
    used_bytes: int
    limit_bytes: int
    own_limit: bool = False


class FileQuotas:
    """`/api/v1/file-quotas`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, user_id: int) -> FileQuota:
        """Read one user's. Raises NotFound."""
        return decode(FileQuota, self._connection.request("GET", f"{_PATH}/{user_id}").data)

    def set(self, user_id: int, limit_bytes: int | None) -> FileQuota:
        """Give a user a limit of their own, or with None everybody's again. Raises NotFound, Forbidden."""
        answer = self._connection.request("PATCH", f"{_PATH}/{user_id}", body={"limit_bytes": limit_bytes})
        return decode(FileQuota, answer.data)
