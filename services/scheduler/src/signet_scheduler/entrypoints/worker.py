"""The worker process, beside a broker: `python -m signet_scheduler.entrypoints.worker`."""

import sys

from signet_common.messaging.background import run_loops
from signet_common.observability.logs import configure_logging
from signet_common.observability.metrics import configure_metrics
from signet_common.settings import load_or_exit
from signet_scheduler.bootstrap.running import worker_loops, works_apart
from signet_scheduler.settings import Settings


def main() -> int:
    """Run until SIGTERM and until what cannot be handed back is done; the exit code: 0, too, where nothing is to do."""
    settings = load_or_exit(Settings)
    configure_logging("scheduler-worker", settings.log_level)
    configure_metrics("scheduler-worker", settings.otel_exporter_otlp_endpoint)
    if not works_apart(settings):
        print("on the embedded bus (SCHEDULER_BUS_URL) jobs run in the background process", file=sys.stderr)
        return 0
    return run_loops(worker_loops(settings), patience=None)


if __name__ == "__main__":
    sys.exit(main())
