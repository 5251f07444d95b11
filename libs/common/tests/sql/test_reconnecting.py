"""A database server that restarts must cost its clients a moment, not an error each."""

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text

from signet_common.sql.database import Database

THINGS = Table("things", MetaData(), Column("thing_id", Integer, primary_key=True, autoincrement=False))


@pytest.fixture(params=["mariadb", "postgresql"])
def server_url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param).create_database()


def kill_connections(database: Database, url: str) -> None:
    """End every other connection of this database from the server's side, as a restart would."""
    other = Database.open(url, grouped=False)
    if database.engine.dialect.name == "postgresql":
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        statement = f"SELECT pg_terminate_backend(pid) {others}"
        other.read(lambda connection: connection.execute(text(statement)).all())
    else:
        listed = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
        for number in other.read(lambda connection: connection.scalars(text(listed)).all()):
            other.read(lambda connection, number=number: connection.execute(text(f"KILL {int(number)}")))
    other.close()


@pytest.mark.servers
@pytest.mark.parametrize("grouped", [True, False], ids=["grouped", "direct"])
def test_reads_and_writes_survive_connections_that_the_server_ended(server_url: str, grouped: bool) -> None:
    database = Database.open(server_url, grouped=grouped)
    THINGS.metadata.create_all(database.engine)
    database.write(lambda connection: connection.execute(insert(THINGS), {"thing_id": 1}))
    kill_connections(database, server_url)
    assert database.read(lambda connection: connection.scalars(select(THINGS.c.thing_id)).all()) == [1]
    kill_connections(database, server_url)
    database.write(lambda connection: connection.execute(insert(THINGS), {"thing_id": 2}))
    kill_connections(database, server_url)
    database.write(lambda connection: connection.execute(insert(THINGS), {"thing_id": 3}), adds_only=True)
    kill_connections(database, server_url)
    database.append(THINGS, {"thing_id": 4})
    assert database.read(lambda connection: connection.scalars(select(THINGS.c.thing_id)).all()) == [1, 2, 3, 4]
    database.close()
