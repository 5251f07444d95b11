"""The web process: `gunicorn -c deploy/gunicorn/gunicorn.conf.py "signet_gateway.entrypoints.web:create()"`."""

import sys
from typing import TYPE_CHECKING

from signet_common.messaging.ports import BusUrlInvalid
from signet_common.observability.logs import configure_logging
from signet_common.passport import KeysMalformed
from signet_common.settings import SettingsError, load_settings
from signet_gateway.adapters.outbound.key_file import KeyFileUnusable
from signet_gateway.application.errors import ContractInvalid, NoncesUnfit
from signet_gateway.bootstrap.web import build
from signet_gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def create() -> "WSGIApplication":
    """Make the application of one worker process and start what runs beside it; exits with 2 on a wrong setting."""
    try:
        settings = load_settings(GatewaySettings)
        configure_logging("gateway", settings.log_level)
        gateway = build(settings)
    except (SettingsError, KeysMalformed, KeyFileUnusable, BusUrlInvalid, ContractInvalid, NoncesUnfit) as error:
        print(f"signet-gateway: {error}", file=sys.stderr)
        sys.exit(2)
    gateway.start()
    return gateway.application
