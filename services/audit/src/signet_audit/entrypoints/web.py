"""The web process: `gunicorn … "signet_audit.entrypoints.web:create()"`."""

from flask import Flask

from signet_audit.bootstrap.web import build
from signet_audit.settings import Settings
from signet_common.observability.logs import configure_logging
from signet_common.settings import load_or_exit


def create() -> Flask:
    """The application, from the environment."""
    settings = load_or_exit(Settings)
    configure_logging("audit", settings.log_level)
    return build(settings).web
