"""Signing in and out."""

from dataclasses import dataclass, field
from datetime import datetime

from signet.connection import Connection
from signet.credentials import TokenCredential
from signet.decoding import decode


@dataclass(frozen=True, slots=True)
class Session:
    """A new session; its token and secret are handed out this once."""

    session_id: int
    user_id: int
    expires_at: datetime
    token: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def credential(self) -> TokenCredential:
        """What to sign with from now on."""
        return TokenCredential(self.token, self.secret)


class Sessions:
    """`/api/v1/sessions`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, login: str, password: str) -> Session:
        """Sign in by user name, e-mail address or phone number. Raises CredentialsInvalid, AuthenticationFailed."""
        body = {"login": login, "password": password}
        return decode(Session, self._connection.request_public("POST", "/api/v1/sessions", body=body, secret=True).data)

    def end_current(self) -> None:
        """Sign out: end the session that signs this request."""
        self._connection.request("DELETE", "/api/v1/sessions/current")
