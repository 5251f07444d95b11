"""What an explanation is made of, read outside any transaction."""

from sqlalchemy import Connection, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.rows import (
    API_KEY_COLUMNS,
    USER_COLUMNS,
    api_key_of,
    permissions_by_role,
    role_names,
    role_of,
    user_of,
)
from signet_identity.adapters.outbound.tables import API_KEYS, ROLES, USER_ROLES, USERS
from signet_identity.application.reach import reaches
from signet_identity.domain.errors import NotFound
from signet_identity.domain.explanation import Standing


class SqlAccessQueries:
    """Implements `queries.AccessQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def standing(self, user_id: int, api_key_id: int | None, caller: Passport, *, record: bool) -> Standing:
        """Read a user, the roles, and the key."""
        if not reaches(caller, user_id):
            raise NotFound(f"there is no user {user_id}")
        standing = self._database.read(lambda connection: _standing(connection, user_id, api_key_id))
        if record:
            self._events.append(self._database, Change("access", "query", str(user_id)), caller)
        return standing


def _standing(connection: Connection, user_id: int, api_key_id: int | None) -> Standing:
    row = connection.execute(select(*USER_COLUMNS).where(USERS.c.user_id == user_id)).first()
    if row is None:
        raise NotFound(f"there is no user {user_id}")
    held = select(ROLES).join_from(ROLES, USER_ROLES).where(USER_ROLES.c.user_id == user_id).order_by(ROLES.c.role_name)
    permissions = permissions_by_role(connection)
    roles = [role_of(role, permissions) for role in connection.execute(held)]
    user = user_of(row, role_names(connection, [user_id]))
    if api_key_id is None:
        return Standing(user, roles, None)
    key = connection.execute(
        select(*API_KEY_COLUMNS).where(API_KEYS.c.api_key_id == api_key_id, API_KEYS.c.user_id == user_id)
    ).first()
    if key is None:
        raise NotFound(f"the user has no API key {api_key_id}")
    return Standing(user, roles, api_key_of(key))
