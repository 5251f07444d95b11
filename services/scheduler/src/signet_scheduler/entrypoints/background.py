"""The background process: `python -m signet_scheduler.entrypoints.background [--only LOOP]`."""

import argparse
import sys

from signet_common.messaging.background import run_loops
from signet_common.observability.logs import configure_logging
from signet_common.observability.metrics import configure_metrics
from signet_common.settings import load_or_exit
from signet_scheduler.bootstrap.background import background_loops
from signet_scheduler.settings import Settings

LOOPS = ["relay", "plan", "purge", "mail", "wake", "watch", "work"]


def main() -> int:
    """Run until SIGTERM; the exit code."""
    parser = argparse.ArgumentParser(description="The background loops of the scheduler.")
    parser.add_argument("--only", choices=LOOPS, help="run one loop alone")
    arguments = parser.parse_args()
    settings = load_or_exit(Settings)
    configure_logging("scheduler-background", settings.log_level)
    configure_metrics("scheduler-background", settings.otel_exporter_otlp_endpoint)
    loops = background_loops(settings)
    return run_loops({name: loop for name, loop in loops.items() if arguments.only in (None, name)}, patience=None)


if __name__ == "__main__":
    sys.exit(main())
