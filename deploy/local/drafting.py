"""Drafting a migration against a throwaway database, so that nobody's data takes part in it."""

import os
import tempfile
from pathlib import Path
from threading import Event

from deploy.local import commands, processes
from deploy.local.errors import SettingRefused
from deploy.local.layout import Home
from deploy.local.options import STATEFUL, Options
from deploy.local.processes import Wiring

UNUSED_MASTER = bytes(32)
"""The commands read whole settings; no passport is ever checked with these keys."""


def draft(service: str, message: str, stop: Event) -> None:
    """Bring an empty SQLite database up to date, then let the service write what its tables have beyond that.

    Raises SettingRefused for a missing argument, CommandFailed and Stopped.
    """
    if service not in STATEFUL or not message.strip():
        raise SettingRefused(f'say which and what: make migration SERVICE={"|".join(STATEFUL)} MESSAGE="add a column"')
    with tempfile.TemporaryDirectory() as folder:
        options = Options(home=Home(Path(folder)), port=1, service=service)
        wiring = Wiring(options, UNUSED_MASTER, {}, processes.common(os.environ))
        for arguments in (("db", "upgrade"), ("db", "migrate", message)):
            commands.run([wiring.command(service, *arguments)], stop)
    print(f"A draft lies in services/{service}/migrations/versions: review it, then run the tests on every engine")
