"""The web process: `gunicorn … "signet_identity.entrypoints.web:create()"`."""

import sys

from flask import Flask

from signet_common.observability.logs import configure_logging
from signet_common.settings import load_or_exit
from signet_identity.bootstrap.web import UNUSABLE, build
from signet_identity.settings import Settings


def create() -> Flask:
    """The application, from the environment."""
    settings = load_or_exit(Settings)
    configure_logging("identity", settings.log_level)
    try:
        return build(settings).web
    except UNUSABLE as refused:
        print(f"identity: {refused}", file=sys.stderr)
        raise SystemExit(2) from None
