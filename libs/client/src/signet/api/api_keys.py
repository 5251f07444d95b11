"""API keys: what machines sign with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from signet.api.preconditions import if_version
from signet.connection import Connection
from signet.credentials import ApiKeyCredential
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/api-keys"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key, as it is listed: without its secret. `permissions` None means all that its user may do."""

    api_key_id: int
    api_key: str
    user_id: int | None = None
    key_name: str = ""
    api_key_state: str = ""
    description: str | None = None
    permissions: tuple[str, ...] | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key just created; its secret is handed out this once."""

    api_key_id: int
    api_key: str
    secret: str = field(repr=False)
    expires_at: datetime | None = None

    @property
    def credential(self) -> ApiKeyCredential:
        """What to sign with."""
        return ApiKeyCredential(self.api_key, self.secret)


class ApiKeys:
    """`/api/v1/api-keys`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, user_id: int | None = None, page: int = 1, per_page: int = 20) -> Page[ApiKey]:
        """Read one page of the keys that the caller may see, or of one user's."""
        query = {"user_id": user_id, "page": page, "per_page": per_page}
        answer = self._connection.request("GET", _PATH, query=query)
        return decode_page(ApiKey, "api_keys", answer.data)

    def get(self, api_key_id: int) -> ApiKey:
        """Read one. Raises NotFound."""
        return decode(ApiKey, self._connection.request("GET", f"{_PATH}/{api_key_id}").data)

    def create(
        self,
        *,
        key_name: str | None = None,
        user_id: int | None = None,
        description: str | None = None,
        permissions: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> NewApiKey:
        """Create one, for oneself or for the user named. A naive `expires_at` is local time.

        `permissions` limits it to some of what its user may do. Raises ValueDuplicate when the user has a key of this
        name, or when the first answer was lost on the way: secrets are handed out once, so a repetition is refused;
        revoke that key and create another.
        """
        fields = {
            "key_name": key_name,
            "user_id": user_id,
            "description": description,
            "permissions": None if permissions is None else list(permissions),
            "expires_at": None if expires_at is None else expires_at.astimezone(UTC).isoformat(),
        }
        body = {name: value for name, value in fields.items() if value is not None}
        return decode(NewApiKey, self._connection.request("POST", _PATH, body=body, secret=True).data)

    def update(self, api_key_id: int, changes: Mapping[str, object], *, if_match: int | None = None) -> ApiKey:
        """Change the fields that `changes` names: `key_name`, `description`, `permissions`, `expires_at`.

        Raises NotFound, Forbidden, ValueDuplicate, VersionConflict.
        """
        headers = if_version(if_match)
        answer = self._connection.request("PATCH", f"{_PATH}/{api_key_id}", body=changes, headers=headers)
        return decode(ApiKey, answer.data)

    def revoke(self, api_key_id: int) -> None:
        """Make a key useless for good. Raises NotFound."""
        self._connection.request("DELETE", f"{_PATH}/{api_key_id}")
