"""Signing in and out."""

from dataclasses import dataclass, field
from datetime import datetime

from signet.connection import Connection
from signet.credentials import TokenCredential
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/sessions"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as it is listed: without its token. It ends at `expires_at`, or earlier when nobody uses it."""

    session_id: int
    user_id: int
    expires_at: datetime
    idle_expires_at: datetime | None = None
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    client_ip: str = ""


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
        return decode(Session, self._connection.request_public("POST", _PATH, body=body, secret=True).data)

    def end_current(self) -> None:
        """Sign out: end the session that signs this request."""
        self._connection.request("DELETE", f"{_PATH}/current")

    def list(self, *, user_id: int | None = None, page: int = 1, per_page: int = 20) -> Page[OpenSession]:
        """Read one page of the open sessions that the caller may see, or of one user's."""
        query = {"user_id": user_id, "page": page, "per_page": per_page}
        return decode_page(OpenSession, "sessions", self._connection.request("GET", _PATH, query=query).data)

    def end(self, session_id: int) -> None:
        """End one. Raises NotFound."""
        self._connection.request("DELETE", f"{_PATH}/{session_id}")

    def end_all(self, *, user_id: int | None = None) -> None:
        """End all of one's own, or all of another user's. Raises NotFound, Forbidden."""
        self._connection.request("DELETE", _PATH, query={"user_id": user_id})
