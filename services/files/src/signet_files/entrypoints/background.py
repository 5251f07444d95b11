"""The background process: `python -m signet_files.entrypoints.background [--only relay|purge|collect]`."""

import argparse
import sys

from signet_common.messaging.background import run_loops
from signet_common.observability.logs import configure_logging
from signet_common.settings import load_or_exit
from signet_files.bootstrap.background import background_loops
from signet_files.settings import Settings


def main() -> int:
    """Run until SIGTERM; the exit code."""
    parser = argparse.ArgumentParser(description="The background loops of the files service.")
    parser.add_argument("--only", choices=["relay", "purge", "collect"], help="run one loop alone")
    arguments = parser.parse_args()
    settings = load_or_exit(Settings)
    configure_logging("files-background", settings.log_level)
    loops = background_loops(settings)
    return run_loops({name: loop for name, loop in loops.items() if arguments.only in (None, name)})


if __name__ == "__main__":
    sys.exit(main())
