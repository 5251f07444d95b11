"""The command behind `make run`, `make migrate` and `make migration`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from threading import Event

from deploy.local import drafting
from deploy.local.errors import CannotRun, Stopped
from deploy.local.instance import Instance
from deploy.local.options import SERVICES, STATEFUL, read_options

from signet_common.messaging.stopping import set_on_signals


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after an ordered stop, 1 with one line on stderr when something stands in the way."""
    chosen = _parser().parse_args(arguments)
    stop = Event()
    set_on_signals(stop, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        _carry_out(chosen, stop)
    except Stopped:
        return 0
    except CannotRun as reason:
        print(f"signet: {reason}", file=sys.stderr, flush=True)
        return 1
    return 0


def _carry_out(chosen: argparse.Namespace, stop: Event) -> None:
    if chosen.verb == "draft":
        drafting.draft(chosen.service, chosen.message, stop)
        return
    os.umask(0o077)  # Whatever a process creates in the home folder is for its owner alone.
    instance = Instance(read_options(os.environ, chosen.service), os.environ, _say, stop)
    if chosen.verb == "run":
        instance.run()
    else:
        instance.migrate()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="start the platform, or one service of it, and stay in the foreground")
    run.add_argument("--service", help=f"one of {', '.join(SERVICES)}")
    migrate = verbs.add_parser("migrate", help="bring the databases up to date")
    migrate.add_argument("--service", help=f"one of {', '.join(STATEFUL)}")
    draft = verbs.add_parser("draft", help="draft a migration from the difference between tables and history")
    draft.add_argument("--service", default="")
    draft.add_argument("--message", default="")
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
