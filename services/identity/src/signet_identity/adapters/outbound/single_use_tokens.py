"""The tokens that are mailed: inside a transaction, and looked up before one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from signet_common.sql.database import Database
from signet_identity.adapters.outbound.rows import role_names, user_of
from signet_identity.adapters.outbound.tables import SINGLE_USE_TOKENS, USERS
from signet_identity.domain.single_use_tokens import Purpose, SingleUseToken
from signet_identity.domain.users import User

_NOBODY = 0
_TOKENS = SINGLE_USE_TOKENS.c


class SqlSingleUseTokens:
    """Fulfils the port `SingleUseTokens`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, token_sha256: str, token: SingleUseToken, *, at: datetime) -> None:
        """Insert a token by its digest."""
        values = {
            "user_id": token.user_id,
            "purpose": token.purpose.value,
            "token_sha256": token_sha256,
            "subject": token.subject,
            "expires_at": token.expires_at,
            "created_at": at,
        }
        self._connection.execute(insert(SINGLE_USE_TOKENS), values)

    def made_at(self, user_id: int | None, purpose: Purpose, *, since: datetime) -> list[datetime]:
        """Return when a user's tokens were made; whoever asks at the same moment waits for this transaction."""
        whose = user_id or _NOBODY
        self._connection.execute(select(USERS.c.user_id).where(USERS.c.user_id == whose).with_for_update())
        made = (_TOKENS.user_id == whose, _TOKENS.purpose == purpose.value, _TOKENS.created_at > since)
        times = select(_TOKENS.created_at).where(*made).order_by(_TOKENS.created_at)
        return list(self._connection.execute(times).scalars())

    def use(self, token_sha256: str, purpose: Purpose, now: datetime) -> SingleUseToken | None:
        """Use a token up: the one UPDATE that finds it unused decides between two who bring it at once."""
        still_open = (*_is(token_sha256, purpose), _TOKENS.used_at.is_(None), _TOKENS.expires_at > now)
        found = self._connection.execute(select(SINGLE_USE_TOKENS).where(*still_open)).first()
        used = self._connection.execute(update(SINGLE_USE_TOKENS).where(*still_open).values(used_at=now)).rowcount
        return _token_of(found) if found and used == 1 else None


class SqlMailedTokens:
    """Fulfils the port `MailedTokens`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, token_sha256: str, purpose: Purpose) -> tuple[SingleUseToken | None, User | None]:
        """Return the token and its user."""

        def query(connection: Connection) -> tuple[SingleUseToken | None, User | None]:
            found = connection.execute(_find(token_sha256, purpose)).first()
            if found is None:
                return None, None
            user = connection.execute(select(USERS).where(USERS.c.user_id == found.user_id)).first()
            names = role_names(connection, [found.user_id]) if user else {}
            return _token_of(found), user_of(user, names) if user else None

        return self._database.read(query)


def _is(token_sha256: str, purpose: Purpose) -> tuple[Any, Any]:
    return _TOKENS.token_sha256 == token_sha256, _TOKENS.purpose == purpose.value


def _find(token_sha256: str, purpose: Purpose) -> Select[Any]:
    return select(SINGLE_USE_TOKENS).where(*_is(token_sha256, purpose))


def _token_of(row: Row[Any]) -> SingleUseToken:
    return SingleUseToken(row.user_id, Purpose(row.purpose), row.subject, row.expires_at, row.used_at)
