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


SOCKET_FOLDER_BYTES = 70
"""Paths of unix sockets end at 103 bytes (107 on Linux): what is left is for the longest name, `supervisor.sock` with
the process id that supervisord appends while it creates it."""


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

    def keyring(self, service: str) -> Path:
        """What the service's secrets at rest lie under."""
        return self.secrets / f"{service}-keyring.json"

    @property
    def sealing_keys(self) -> Path:
        return self.secrets / "gateway-sealing-keys.json"

    @property
    def first_run(self) -> Path:
        return self.folder / "first-run.json"

    @property
    def sockets(self) -> Path:
        """The folder of all unix sockets: `run`, or a private temporary one of this home's own.

        The latter where the home's path is too long for a socket, or too odd to stand in a configuration unquoted.
        """
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        own = f"signet-{os.getuid()}-{name}"
        return next(filter(_takes_sockets, (self.run, Path(tempfile.gettempdir(), own))), Path("/tmp", own))

    @property
    def control(self) -> Path:
        """Supervisord's socket."""
        return self.sockets / "supervisor.sock"

    def socket(self, service: str) -> Path:
        """Where a web process listens that is not the public one."""
        return self.sockets / f"{service}.sock"

    @property
    def blobs(self) -> Path:
        """What files holds, encrypted."""
        return self.folder / "blobs"

    @property
    def mail(self) -> Path:
        """Mails, where no mail server is named: one file each."""
        return self.folder / "mail"

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
        """Make the folders, 0700. Raises OSError, also if the folder of the sockets is anybody else's to enter."""
        for folder in (self.folder, self.run, self.log, self.secrets, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.sockets.lstat()
        if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
            raise PermissionError(errno.EPERM, "it belongs to somebody else", str(self.sockets))
        if found.st_mode & 0o077:
            raise PermissionError(errno.EPERM, "others may enter it", str(self.sockets))

    def remove_stale_sockets(self) -> None:
        """Remove what a killed instance has left; for whoever holds the folder alone."""
        for path in self.sockets.glob("*.sock"):
            path.unlink(missing_ok=True)


def _takes_sockets(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES and bool(re.fullmatch(r"[\w./-]+", str(folder), re.ASCII))


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
