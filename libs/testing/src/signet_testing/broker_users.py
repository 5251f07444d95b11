"""A virtual host as production has it: one broker user per service, each with the rights of deploy/rabbitmq."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from string import Template

from signet_testing.rabbitmq import RabbitMqServer
from signet_testing.root import ROOT

TEMPLATE = ROOT / "deploy" / "rabbitmq" / "definitions.json.template"
SERVICES = ("gateway", "identity", "resources", "files", "audit", "scheduler")


def create_service_users(broker: RabbitMqServer) -> Mapping[str, str]:
    """Make a virtual host from the operators' template; returns service → amqp URL, each with a user of its own."""
    vhost = f"signet-{secrets.token_hex(4)}"
    users = {service: f"{service}-{vhost}" for service in SERVICES}
    passwords = {service: secrets.token_urlsafe(24) for service in SERVICES}
    values = {"vhost": vhost}
    for service in SERVICES:
        values[f"{service}_user"] = users[service]
        values[f"{service}_password_hash"] = _password_hash(passwords[service])
    definitions = broker.folder / f"{vhost}.json"
    definitions.touch(mode=0o600)
    definitions.write_text(Template(TEMPLATE.read_text()).substitute(values))
    broker.control("import_definitions", str(definitions))
    return {service: broker.url_of(users[service], passwords[service], vhost) for service in SERVICES}


def _password_hash(password: str) -> str:
    """How RabbitMQ stores passwords: salt of four bytes, then SHA-256 over salt and password, in base64."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
