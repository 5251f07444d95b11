"""Drafting a migration against a throwaway database, so that nobody's data takes part in it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event

from deploy.local import commands, processes
from deploy.local.errors import SettingRefused
from deploy.local.layout import ROOT, Home
from deploy.local.options import STATEFUL, Options
from deploy.local.processes import Wiring

UNUSED_MASTER = bytes(32)
"""The commands read whole settings; no passport is ever checked with these keys."""


def draft(service: str, message: str, stop: Event) -> None:
    """Bring an empty SQLite database up to date, let the service write what its tables have beyond that, and say where.

    Raises SettingRefused for a missing argument, CommandFailed and Stopped.
    """
    if service not in STATEFUL or not message.strip():
        raise SettingRefused(f'say which and what: make migration SERVICE={"|".join(STATEFUL)} MESSAGE="add a column"')
    versions = ROOT / "services" / service / "migrations" / "versions"
    before = set(versions.glob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        options = Options(home=Home(Path(folder)), port=1, service=service)
        wiring = Wiring(options, UNUSED_MASTER, processes.common(os.environ))
        for arguments in (("db", "upgrade"), ("db", "migrate", message)):
            commands.run([wiring.command(service, *arguments)], stop)
    for drafted in sorted(set(versions.glob("*.py")) - before):
        tidy(drafted)
        print(f"{drafted.relative_to(ROOT)} is a draft: review it, then run the tests on every engine")


def tidy(drafted: Path) -> None:
    """Bring a generated file into the shape that `make check` asks for, where Ruff is installed."""
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        # Lint after the format: what is too long as drafted is no longer, and what remains is for the reviewer.
        for verb in (("check", "--fix-only", "--quiet"), ("format", "--quiet"), ("check", "--quiet")):
            subprocess.run([ruff, *verb, drafted], check=False)
