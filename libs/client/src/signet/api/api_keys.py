"""API keys: what machines sign with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from signet.connection import Connection
from signet.credentials import ApiKeyCredential
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/api-keys"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key, as it is listed: without its secret."""

    api_key_id: int
    api_key: str
    user_id: int | None = None
    api_key_state: str = ""
    description: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None


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

    def list(self, *, page: int = 1, per_page: int = 20) -> Page[ApiKey]:
        """Read one page."""
        answer = self._connection.request("GET", _PATH, query={"page": page, "per_page": per_page})
        return decode_page(ApiKey, "api_keys", answer.data)

    def create(
        self, *, user_id: int | None = None, description: str | None = None, expires_at: datetime | None = None
    ) -> NewApiKey:
        """Create one, for oneself or for the user named. A naive `expires_at` is local time.

        Raises ValueDuplicate when the first answer was lost on the way: secrets are handed out once, so a
        repetition is refused; revoke that key and create another.
        """
        fields = {
            "user_id": user_id,
            "description": description,
            "expires_at": None if expires_at is None else expires_at.astimezone(UTC).isoformat(),
        }
        body = {name: value for name, value in fields.items() if value is not None}
        return decode(NewApiKey, self._connection.request("POST", _PATH, body=body, secret=True).data)

    def revoke(self, api_key_id: int) -> None:
        """Make a key useless for good. Raises NotFound."""
        self._connection.request("DELETE", f"{_PATH}/{api_key_id}")
