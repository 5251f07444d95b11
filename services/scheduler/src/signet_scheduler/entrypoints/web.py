"""The web process: `gunicorn … "signet_scheduler.entrypoints.web:create()"`."""

from flask import Flask

from signet_common.observability.logs import configure_logging
from signet_common.settings import load_or_exit
from signet_scheduler.bootstrap.web import build
from signet_scheduler.settings import Settings


def create() -> Flask:
    """The application, from the environment."""
    settings = load_or_exit(Settings)
    configure_logging("scheduler", settings.log_level)
    return build(settings).web
