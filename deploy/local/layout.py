"""Where an instance keeps its things: everything under one folder, readable by its owner alone."""

import errno
import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that is running."""


SOCKET_PATH_BYTES = 90
"""Unix socket paths end at 104 to 108 bytes, and supervisord appends its process id while it creates one."""


@dataclass(frozen=True, slots=True)
class Home:
    """`$SIGNET_HOME`. Databases and secrets are worth a backup; `run/` and `log/` are not."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def master_key(self) -> Path:
        return self.secrets / "passport-master.key"

    @property
    def keyring(self) -> Path:
        return self.secrets / "identity-keyring.json"

    @property
    def sealing_keys(self) -> Path:
        return self.secrets / "gateway-sealing-keys.json"

    @property
    def first_run(self) -> Path:
        return self.folder / "first-run.json"

    @property
    def control(self) -> Path:
        """Supervisord's socket; in a private temporary folder if the home's path is too long or too odd for one."""
        path = self.run / "supervisor.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w./-]+", str(path), re.ASCII):
            return path
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir(), f"signet-{os.getuid()}-{name}", "supervisor.sock")

    @property
    def bus(self) -> Path:
        return self.folder / "bus.sqlite3"

    @property
    def nonces(self) -> Path:
        return self.folder / "nonces.sqlite3"

    def database(self, service: str) -> Path:
        return self.folder / f"{service}.sqlite3"

    def process_log(self, process: str) -> Path:
        return self.log / f"{process}.log"

    def create(self) -> None:
        """Make the folders, 0700. Raises OSError."""
        for folder in (self.folder, self.run, self.log, self.secrets, self.control.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.control.parent.lstat()
        if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
            raise PermissionError(errno.EPERM, "it belongs to somebody else", str(self.control.parent))


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that was 0600 from its first byte, whole or not at all, and safe on the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
