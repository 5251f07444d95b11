"""A virtual host as production has it: one broker user per service, each with the rights of deploy/rabbitmq."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from signet_testing.rabbitmq import RabbitMqServer
from signet_testing.root import ROOT

DEFINITIONS = ROOT / "deploy" / "rabbitmq" / "definitions.json"
_PREFIX = "signet-"


def create_service_users(broker: RabbitMqServer) -> Mapping[str, str]:
    """Load what operators load, under names of its own; returns service → amqp URL, each with its user."""
    vhost = f"signet-{secrets.token_hex(4)}"
    definitions = json.loads(DEFINITIONS.read_text())
    passwords = {user["name"]: secrets.token_urlsafe(24) for user in definitions["users"]}
    _fill(definitions, vhost, passwords)
    loaded = broker.folder / f"{vhost}.json"
    loaded.touch(mode=0o600)
    loaded.write_text(json.dumps(definitions))
    broker.control("import_definitions", str(loaded))
    return {
        name.removeprefix(_PREFIX): broker.url_of(_own(name, vhost), password, vhost)
        for name, password in passwords.items()
    }


def _fill(definitions: dict[str, Any], vhost: str, passwords: Mapping[str, str]) -> None:
    """Put hashes in place of the markers; virtual host and users get names that no other test has."""
    for user in definitions["users"]:
        user["password_hash"] = _password_hash(passwords[user["name"]])
        user["name"] = _own(user["name"], vhost)
    definitions["vhosts"] = [{"name": vhost}]
    for entry in (entry for entries in definitions.values() for entry in entries if "vhost" in entry):
        entry["vhost"] = vhost
        if "user" in entry:
            entry["user"] = _own(entry["user"], vhost)


def _own(name: str, vhost: str) -> str:
    return f"{name.removeprefix(_PREFIX)}-{vhost}"


def _password_hash(password: str) -> str:
    """How RabbitMQ stores passwords: salt of four bytes, then SHA-256 over salt and password, in base64."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
