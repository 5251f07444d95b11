"""The web process: `gunicorn … "signet_files.entrypoints.web:create()"`."""

import sys

from flask import Flask

from signet_common.keyring.ciphers import KeyringUnusable
from signet_common.observability.logs import configure_logging
from signet_common.observability.metrics import configure_metrics
from signet_common.settings import load_or_exit
from signet_files.bootstrap.web import build
from signet_files.settings import Settings


def create() -> Flask:
    """The application, from the environment."""
    settings = load_or_exit(Settings)
    configure_logging("files", settings.log_level)
    configure_metrics("files", settings.otel_exporter_otlp_endpoint)
    try:
        return build(settings).web
    except KeyringUnusable as refused:
        print(f"files: {refused}", file=sys.stderr)
        raise SystemExit(2) from None
