"""Users: people and machines with an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from signet.api.preconditions import if_version
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
    email_confirmed_at: datetime | None = None
    pending_email: str | None = None
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

    def update(self, user_id: int, changes: Mapping[str, object], *, if_match: int | None = None) -> User:
        """Change the fields that `changes` names: `user_state`, `roles` and contact fields; None clears a contact.

        Raises NotFound, Forbidden, ValueDuplicate, VersionConflict.
        """
        return self._change(str(user_id), changes, if_match)

    def update_me(
        self, changes: Mapping[str, object], *, old_password: str | None = None, if_match: int | None = None
    ) -> User:
        """Change the contact fields of the account that signs; another e-mail or phone takes the password.

        An address waits as `pending_email` until it is confirmed. Raises CredentialsInvalid, ValueDuplicate,
        VersionConflict.
        """
        proof = {} if old_password is None else {"old_password": old_password}
        return self._change("me", {**changes, **proof}, if_match, secret=True)

    def delete(self, user_id: int, *, if_match: int | None = None) -> None:
        """Remove an account with its keys and sessions. Raises NotFound, Forbidden, VersionConflict."""
        self._connection.request("DELETE", f"{_PATH}/{user_id}", headers=if_version(if_match))

    def change_password(self, old_password: str, new_password: str) -> None:
        """Change the password of the account that signs; its other sessions end. Raises CredentialsInvalid."""
        body = {"old_password": old_password, "new_password": new_password}
        self._connection.request("POST", f"{_PATH}/me/password", body=body, secret=True)

    def request_email_confirmation(self) -> None:
        """Ask for a mail to one's own address with a token that confirms it."""
        self._connection.request("POST", f"{_PATH}/me/email-confirmations")

    def confirm_email(self, token: str) -> None:
        """Confirm an address by the token that came there; it takes no credential."""
        self._connection.request_public("POST", "/api/v1/email-confirmations", body={"token": token}, secret=True)

    def request_password_reset(self, login: str) -> None:
        """Ask for a mail with a token that sets a new password; the answer is the same whether there is a user."""
        self._connection.request_public("POST", "/api/v1/password-resets", body={"login": login})

    def reset_password(self, token: str, new_password: str) -> None:
        """Set a password by the token that came by mail; every session of the user ends."""
        body = {"token": token, "new_password": new_password}
        self._connection.request_public("POST", "/api/v1/password-resets/complete", body=body, secret=True)

    def _change(self, name: str, changes: Mapping[str, object], if_match: int | None, *, secret: bool = False) -> User:
        headers, target = if_version(if_match), f"{_PATH}/{name}"
        answer = self._connection.request("PATCH", target, body=changes, headers=headers, secret=secret)
        return decode(User, answer.data)

    def _read(self, name: str) -> User:
        return decode(User, self._connection.request("GET", f"{_PATH}/{name}").data)
