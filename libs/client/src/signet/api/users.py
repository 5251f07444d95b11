"""Users: people and machines with an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signet.connection import Connection
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/users"


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    user_id: int
    user_name: str
    user_state: str
    roles: tuple[str, ...] = ()
    email: str | None = None
    phone: str | None = None
    display_name: str | None = None
    version: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Users:
    """`/api/v1/users`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def me(self) -> User:
        """Read the account that signs."""
        return self._read("me")

    def get(self, user_id: int) -> User:
        """Read one. Raises NotFound."""
        return self._read(str(user_id))

    def list(self, *, page: int = 1, per_page: int = 20) -> Page[User]:
        """Read one page."""
        answer = self._connection.request("GET", _PATH, query={"page": page, "per_page": per_page})
        return decode_page(User, "users", answer.data)

    def create(
        self,
        user_name: str,
        password: str | None = None,
        *,
        email: str | None = None,
        phone: str | None = None,
        roles: Sequence[str] = (),
    ) -> User:
        """Create one; without a password it signs with API keys only. Raises ValueDuplicate, Forbidden."""
        fields = {
            "user_name": user_name,
            "password": password,
            "email": email,
            "phone": phone,
            "roles": list(roles) or None,
        }
        body = {name: value for name, value in fields.items() if value is not None}
        return decode(User, self._connection.request("POST", _PATH, body=body, secret=True).data)

    def update(self, user_id: int, changes: dict[str, object]) -> User:
        """Change the fields that `changes` names: `user_state`, `roles`, `email`, `phone`; None clears a contact."""
        return decode(User, self._connection.request("PATCH", f"{_PATH}/{user_id}", body=changes).data)

    def _read(self, name: str) -> User:
        return decode(User, self._connection.request("GET", f"{_PATH}/{name}").data)
