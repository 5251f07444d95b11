"""Remembering which databases are prepared, so that a warm start imports no migration tool.

A memory is believed only while the database itself still names the revision that these very migration files made it.
That is read from SQLite alone; a database on a server is asked by its service's own command on every start.
"""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from deploy.local.layout import ROOT, Home, write_private

SQLITE = "sqlite:///"


def revision(url: str) -> str | None:
    """The revision that a SQLite database names; None for an empty, missing or unreadable one, or one on a server."""
    path = Path(url.removeprefix(SQLITE))
    if not url.startswith(SQLITE) or not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def is_current(home: Home, service: str, url: str, root: Path = ROOT) -> bool:
    """Whether the database behind `url` is as a finished preparation by this version left it."""
    found = revision(url)
    return found is not None and _memories(home).get(service) == _memory(service, url, found, root)


def remember(home: Home, service: str, url: str, root: Path = ROOT) -> None:
    """Call it when everything that prepares this service's database has succeeded."""
    found = revision(url)
    if found is not None:
        memories = _memories(home) | {service: _memory(service, url, found, root)}
        write_private(home.run / "prepared.json", json.dumps(memories))


def _memories(home: Home) -> dict[str, str]:
    try:
        return dict(json.loads((home.run / "prepared.json").read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def _memory(service: str, url: str, found: str, root: Path) -> str:
    digest = hashlib.sha256(f"{service}\n{url}\n{found}\n".encode())
    for path in sorted((root / "services" / service / "migrations").rglob("*.py")):
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()
