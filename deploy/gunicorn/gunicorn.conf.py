"""Gunicorn's settings, the same for every web process; `--bind` and the application come from the command line.

gunicorn -c deploy/gunicorn/gunicorn.conf.py --bind unix:/path/r.sock "signet_resources.entrypoints.web:create()"

Machines that talk to each other bind host:port instead.
"""

# ruff: noqa: E402  (patching comes before anything imports ssl or threading)
from gevent import monkey

monkey.patch_all()

import gc
import os
from typing import Any

from signet_common.web.strict_worker import reload_in_place

worker_class = "signet_common.web.strict_worker.StrictWorker"
logger_class = "signet_common.web.server_log.ServerLog"

# One process uses one core; a second on two cores that also run the rest of the platform gained nothing.
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
worker_connections = 1000
# Whoever connects to a unix socket with a full queue is told so at once, and nginx then answers 503. A worker with a
# thousand connections leaves new ones here, and our nginx has never more than 2,048 (half of its 4,096) under way. The
# kernel takes net.core.somaxconn at most.
backlog = 4096
# A unix socket is for its owner alone; `--umask 0117` lets a group in, for an nginx that runs as somebody else.
umask = 0o177
preload_app = False  # with gevent it recurses in ssl, and threads would not survive the fork

# The heartbeat has a greenlet of its own: work in the thread pool may take longer than `timeout`, a blocked hub not.
timeout = 30
graceful_timeout = 20
# Longer than any client of ours keeps an idle connection (nginx 60 s), so that it is the client who lets go first.
keepalive = 75

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

control_socket_disable = True
accesslog = None
loglevel = "warning"


def pre_fork(_server: Any, _worker: Any) -> None:
    """Keep the collector away from what exists now, so that worker and master go on sharing it."""
    gc.collect()
    gc.freeze()


def post_worker_init(_worker: Any) -> None:
    """Do the same once the application stands: what lives as long as the process need never be looked through again.

    It is most of what there is. Measured in the process of resources: 153 µs for a read instead of 182.
    """
    gc.collect()
    gc.freeze()


def when_ready(server: Any) -> None:
    """On HUP gateway and identity reread the contracts in place; other services get new workers, with new code."""
    if server.app.app_uri.startswith(("signet_gateway.", "signet_identity.")):
        reload_in_place(server)
