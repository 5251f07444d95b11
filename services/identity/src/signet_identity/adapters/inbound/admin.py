"""What the command line does: the first run, whose answer is a file.

The file is written before the account exists and gets its name after: a crash in between leaves either nothing that
opens anything, or a partial file that the next run recognises by its API key and finishes.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

from signet_common.passport import Passport
from signet_identity.application.first_run import FirstAccount, FirstRun, new_first_account

DEPLOYMENT = Passport(
    issuer="identity",
    audience="identity",
    request_id="first-run",
    method="",
    target="",
    body_sha256="",
    user_name="first-run",
    authentication="service",
)


class FirstRunFileExists(Exception):
    """The file belongs to another installation: this one has no administrator yet."""


class FirstRunCommand:
    """Creates the first administrator and leaves the way in in a file of mode 0600."""

    def __init__(self, first_run: FirstRun, knows_api_key: Callable[[str], bool]) -> None:
        self._first_run = first_run
        self._knows_api_key = knows_api_key

    def __call__(self, url: str, out: Path) -> bool:
        """Return whether anything was created. Raises FirstRunFileExists, OSError."""
        partial = out.with_name(f"{out.name}.partial")
        if self._first_run.is_done(DEPLOYMENT):
            self._finish(partial, out)
            return False
        if out.exists():
            raise FirstRunFileExists(f"{out} exists, but the database has no administrator: move the file away")
        account = new_first_account()
        partial.unlink(missing_ok=True)
        _write(partial, url, account)
        created = self._first_run(DEPLOYMENT, account)
        if created:
            partial.rename(out)
        else:
            partial.unlink()
        return created

    def _finish(self, partial: Path, out: Path) -> None:
        if not out.exists() and partial.exists() and self._knows_api_key(_api_key_in(partial)):
            partial.rename(out)


def _write(path: Path, url: str, account: FirstAccount) -> None:
    document = {
        "url": url,
        "user_name": account.user_name,
        "password": account.password,
        "api_key": account.api_key.credential,
        "secret": account.api_key.secret,
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def _api_key_in(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["api_key"])
    except (ValueError, KeyError, TypeError):
        return ""
