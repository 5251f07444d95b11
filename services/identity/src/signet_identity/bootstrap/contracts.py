"""What identity publishes, written by the code that does it; nothing is connected and no secret is read."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from signet_common.keyring.ciphers import Keyring
from signet_common.sql.database import Database
from signet_common.web.openapi import export
from signet_identity import SERVICE
from signet_identity.adapters.outbound.command_map import COMMANDS
from signet_identity.adapters.outbound.event_map import EVENTS
from signet_identity.adapters.outbound.live_operations import LiveOperations
from signet_identity.adapters.outbound.passwords import Argon2Passwords, directly
from signet_identity.bootstrap.web import serve
from signet_identity.domain.password_cost import LEAST
from signet_identity.settings import Settings

ABOUT = "Users, roles, API keys and sessions: who may do what, and what they sign with."


def contract() -> dict[str, Any]:
    """The HTTP contract, from the same views that serve it."""
    nowhere = Path()
    settings = Settings(database_url="sqlite://", bus_url="sqlite:/nowhere", keyring=nowhere, contracts_dir=nowhere)
    database = Database.open("sqlite://", grouped=False)
    operations, passwords = LiveOperations(frozenset(), frozenset), Argon2Passwords(directly, LEAST)
    web = serve(settings, database, Keyring("none", {}), operations, passwords).web
    return export(web, service=SERVICE, title="Signet identity", version="1.0.0", description=ABOUT)


def declared_commands() -> list[dict[str, Any]]:
    """The declarations of the commands that this service sends."""
    return [asdict(command) for command in COMMANDS]


def declared_events() -> list[dict[str, Any]]:
    """The declarations of the events that this service tells."""
    return [asdict(event) for event in EVENTS]
