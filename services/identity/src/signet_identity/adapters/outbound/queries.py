"""Reads, outside any transaction."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.database import Database
from signet_common.sql.paging import Page, PageRequest, contains, fetch_page, within_days
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
from signet_identity.adapters.outbound.tables import API_KEYS, ROLES, USERS
from signet_identity.application.queries import UserFilter, Window
from signet_identity.application.reach import owner_filter, reaches
from signet_identity.application.repositories import Account
from signet_identity.domain.credentials import ApiKey
from signet_identity.domain.errors import NotFound
from signet_identity.domain.logins import LoginKind
from signet_identity.domain.roles import Role
from signet_identity.domain.users import User


class SqlUserQueries:
    """Implements `queries.UserQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get(self, user_id: int, caller: Passport, *, record: bool) -> User:
        """Read one user with the names of the roles."""
        found = self._database.read(lambda connection: _user(connection, user_id)) if reaches(caller, user_id) else None
        if found is None:
            raise NotFound(f"there is no user {user_id}")
        if record:
            self._events.append(self._database, Change("user", "query", str(user_id)), caller)
        return found

    def search(self, wanted: UserFilter, window: Window, caller: Passport, *, record: bool) -> Page[User]:
        """Read one page and the roles of those on it."""
        statement = select(*USER_COLUMNS).where(*_conditions(wanted, owner_filter(caller))).order_by(USERS.c.user_id)

        def query(connection: Connection) -> Page[User]:
            page = fetch_page(connection, statement, _request(window), lambda row: row)
            names = role_names(connection, [row.user_id for row in page.items])
            items = [user_of(row, names) for row in page.items]
            return Page(items, page.page, page.per_page, page.has_more, page.total)

        page = self._database.read(query)
        if record:
            self._events.append(self._database, Change("user", "query"), caller)
        return page


class SqlRoleQueries:
    """Implements `queries.RoleQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get(self, role_id: int, caller: Passport, *, record: bool) -> Role:
        """Read one role and what it permits."""

        def query(connection: Connection) -> Role | None:
            row = connection.execute(select(ROLES).where(ROLES.c.role_id == role_id)).first()
            return role_of(row, permissions_by_role(connection)) if row else None

        found = self._database.read(query)
        if found is None:
            raise NotFound(f"there is no role {role_id}")
        if record:
            self._events.append(self._database, Change("role", "query", str(role_id)), caller)
        return found

    def search(self, window: Window, caller: Passport, *, record: bool) -> Page[Role]:
        """Read one page and what each role permits."""
        statement = select(ROLES).order_by(ROLES.c.role_id)

        def query(connection: Connection) -> Page[Role]:
            permissions = permissions_by_role(connection)
            return fetch_page(connection, statement, _request(window), lambda row: role_of(row, permissions))

        page = self._database.read(query)
        if record:
            self._events.append(self._database, Change("role", "query"), caller)
        return page


class SqlApiKeyQueries:
    """Implements `queries.ApiKeyQueries`."""

    def __init__(self, database: Database, events: EventMap) -> None:
        self._database = database
        self._events = events

    def get(self, api_key_id: int, caller: Passport, *, record: bool) -> ApiKey:
        """Read one key, without its secret."""
        statement = select(*API_KEY_COLUMNS).where(API_KEYS.c.api_key_id == api_key_id)
        row = self._database.read(lambda connection: connection.execute(statement).first())
        if row is None or not reaches(caller, row.user_id):
            raise NotFound(f"there is no API key {api_key_id}")
        if record:
            self._events.append(self._database, Change("api_key", "query", str(api_key_id)), caller)
        return api_key_of(row)

    def search(self, user_id: int | None, window: Window, caller: Passport, *, record: bool) -> Page[ApiKey]:
        """Read one page, without secrets."""
        statement = select(*API_KEY_COLUMNS).order_by(API_KEYS.c.api_key_id)
        for owner in (user_id, owner_filter(caller)):
            if owner is not None:
                statement = statement.where(API_KEYS.c.user_id == owner)
        page = self._database.read(lambda connection: fetch_page(connection, statement, _request(window), api_key_of))
        if record:
            self._events.append(self._database, Change("api_key", "query"), caller)
        return page


class SqlAccounts:
    """Implements `ports.Accounts`: a login is looked up in one column, which compares binary."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id = select(USERS).where(USERS.c.user_id == bindparam("login"))
        self._by_login = {kind: select(USERS).where(USERS.c[kind.value] == bindparam("login")) for kind in LoginKind}

    def by_login(self, kind: LoginKind, login: str) -> Account | None:
        """Read the account with the hash of the password."""
        return self._account(self._by_login[kind], login)

    def by_id(self, user_id: int) -> Account | None:
        """Read the account with the hash of the password."""
        return self._account(self._by_id, user_id)

    def _account(self, statement: Select[Any], login: str | int) -> Account | None:
        def query(connection: Connection) -> Account | None:
            row = connection.execute(statement, {"login": login}).first()
            # Asked for unknown logins too: a round trip less would tell them apart.
            names = role_names(connection, [row.user_id if row else 0])
            if row is None:
                return None
            return Account(user_of(row, names), row.password_hash)

        return self._database.read(query)


def _user(connection: Connection, user_id: int) -> User | None:
    row = connection.execute(select(*USER_COLUMNS).where(USERS.c.user_id == user_id)).first()
    return user_of(row, role_names(connection, [user_id])) if row else None


def _conditions(wanted: UserFilter, owner: int | None) -> list[ColumnElement[bool]]:
    conditions = within_days(USERS.c.created_at, wanted.created_from, wanted.created_to)
    if wanted.contains is not None:
        conditions.append(contains(USERS.c.user_name, wanted.contains))
    if wanted.state is not None:
        conditions.append(USERS.c.user_state == wanted.state.value)
    if owner is not None:
        conditions.append(USERS.c.user_id == owner)
    return conditions


def _request(window: Window) -> PageRequest:
    return PageRequest(window.page, window.per_page, window.count)
