"""The seeded roles of an older installation hold what a new one's do, once its database is brought up to date."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, delete, func, insert, select, text, update

import signet_identity
from signet_common.sql.administration import migrations_folder
from signet_common.sql.engines import open_engine
from signet_common.sql.migrations import upgrade
from signet_identity.adapters.outbound.tables import ROLE_PERMISSIONS, ROLES
from signet_identity.domain.roles import ADMINISTRATOR, SEEDED_ROLES

FOLDER = migrations_folder(signet_identity.__file__)

OWN = {f"{name} own" for name in ("user:query", "session:delete", "api_key:create", "api_key:query", "api_key:delete")}
DEMOS = ("demo:create", "demo:query", "demo:update", "demo:delete")
READ_ALL = {f"{name} any" for name in ("record:query", "demo:query", "role:query", "user:query", "api_key:query")}
FIRST_SEED = {
    ADMINISTRATOR: {"*:* any"},
    "operator": OWN | {f"{name} any" for name in DEMOS},
    "auditor": READ_ALL | (OWN - {"user:query own", "api_key:query own"}),
    "user": OWN | {f"{name} own" for name in DEMOS},
    "clerk": {"demo:query own"},
}
TODAY = {name: {f"{held.name} {held.scope}" for held in seed.permissions} for name, seed in SEEDED_ROLES.items()}


def migrate(engine: Engine, revision: str) -> None:
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


@pytest.fixture
def old(database_url):
    """A database as the first version left it, with a role of the administrator's making."""
    engine = open_engine(database_url)
    migrate(engine, "0001")
    with engine.connect() as connection:
        for name, held in FIRST_SEED.items():
            connection.execute(
                text("INSERT INTO roles (role_name, description) VALUES (:name, 'as seeded')"), {"name": name}
            )
            role_id = connection.scalar(text("SELECT role_id FROM roles WHERE role_name = :name"), {"name": name})
            rows = [dict(zip(("permission", "scope"), entry.split(), strict=True)) for entry in held]
            connection.execute(insert(ROLE_PERMISSIONS), [{"role_id": role_id, **row} for row in rows])
        connection.commit()
    yield engine
    engine.dispose()


def permissions(engine: Engine) -> dict[str, set[str]]:
    held: dict[str, set[str]] = {}
    with engine.connect() as connection:
        rows = select(ROLES.c.role_name, ROLE_PERMISSIONS.c.permission, ROLE_PERMISSIONS.c.scope)
        for name, permission, scope in connection.execute(rows.join_from(ROLES, ROLE_PERMISSIONS)):
            held.setdefault(name, set()).add(f"{permission} {scope}")
    return held


def test_roles_of_the_first_version_hold_what_is_seeded_today(old, database_url):
    """Whoever adds to the seed adds a migration: people of older installations need their own account no less."""
    upgrade(database_url, FOLDER)
    assert permissions(old) == TODAY | {"clerk": FIRST_SEED["clerk"]}


def test_a_role_that_somebody_changed_is_left_alone_but_the_administrators(old, database_url):
    """Nobody gets back a right that was taken on purpose; but somebody must always be able to do everything."""
    migrate(old, "0002")
    with old.connect() as connection:
        changed = ROLES.c.role_name.in_(["user", ADMINISTRATOR])
        connection.execute(update(ROLES).where(changed).values(updated_by=1, version=2))
        connection.execute(delete(ROLE_PERMISSIONS).where(ROLE_PERMISSIONS.c.permission.in_(["*:*", "demo:delete"])))
        connection.commit()
    upgrade(database_url, FOLDER)
    held = permissions(old)
    assert held["user"] == FIRST_SEED["user"] - {"demo:delete own"}
    assert held[ADMINISTRATOR] == TODAY[ADMINISTRATOR]


def test_a_role_that_gains_something_has_another_version(old, database_url):
    """Or somebody who read it before could write over what it gained (RFC 9110, 13.1.1)."""
    upgrade(database_url, FOLDER)
    with old.connect() as connection:
        versions = dict(connection.execute(select(ROLES.c.role_name, ROLES.c.version)).all())
        count = connection.scalar(select(func.count()).select_from(ROLES).where(ROLES.c.updated_by.is_not(None)))
    assert versions == {ADMINISTRATOR: 1, "operator": 4, "auditor": 4, "user": 3, "clerk": 1}
    assert count == 0
