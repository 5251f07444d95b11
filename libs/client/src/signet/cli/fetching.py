"""Bring a file whole from the platform, over as many transfers as it takes."""

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path

from signet.api.files import File, Files
from signet.cli.part_files import NotWritten, PartFile, part_of
from signet.cli.progress import Bar
from signet.downloads import Part
from signet.errors import AnswerInvalid, ArgumentInvalid, ChecksumMismatch, TransferBroken

_FRUITLESS = 3
"""How often in a row a transfer may break off without having brought a MiB."""
_MIB = 1024**2
_DIGEST = re.compile("[0-9a-f]{64}")


class Fetcher:
    """Brings one file after the other."""

    def __init__(self, files: Files, shown: Bar, *, force: bool, pause: Callable[[float], None] = time.sleep) -> None:
        self._files = files
        self._shown = shown
        self._force = force
        self._pause = pause

    def fetch(self, file: File, target: Path) -> bool:
        """Bring `file`, and return whether that was needed: it may be there already.

        Raises NotWritten, also where another file has the name, ChecksumMismatch, AnswerInvalid for a file without a
        SHA-256, which is part of a name here, and what a download raises.
        """
        if file.file_state != "active":
            raise ArgumentInvalid(f"It is deleted. Bring it back first: signet files undelete {file.file_id}")
        if _DIGEST.fullmatch(file.sha256) is None:
            raise AnswerInvalid("The platform does not say what it has to hash to.")
        if not self._force and os.path.lexists(target):
            if _holds(target, file):
                return False
            raise NotWritten(f"{target} is there already, with another content: --force replaces it.")
        self._shown.begin(file.file_name, file.size)
        with part_of(target, file.sha256) as part:
            self._complete(file, part)
            part.finish(target, replace=self._force)
        return True

    def _complete(self, file: File, part: PartFile) -> None:
        """Go on until it is whole: after a break, and once more from the start where what lay there was no good."""
        anew, fruitless = False, 0
        while True:
            before = part.size
            try:
                self._go_on(file, part)
            except ChecksumMismatch as error:
                part.restart()
                if anew or not before:
                    raise ChecksumMismatch(
                        "What came has another SHA-256 than the file, and has been removed. Is it damaged where it is "
                        f"stored? signet files verify {file.file_id}"
                    ) from error
                anew = True
            except TransferBroken:
                fruitless = fruitless + 1 if part.size - before < _MIB else 0
                if fruitless == _FRUITLESS:
                    raise
                self._pause(0.2 * 2**fruitless)
            else:
                return

    def _go_on(self, file: File, part: PartFile) -> None:
        """Ask for what is missing, and for an empty file as well: whether it may be read is not decided here."""
        if part.size < file.size or not part.size:
            rest = Part(part.size) if part.size else None
            if_range = f'"{file.sha256}"' if rest else None
            with self._files.download(file.file_id, part=rest, if_range=if_range) as download:
                if not download.partial:
                    part.restart()
                for piece in download:
                    part.write(piece)
                    self._shown.move(part.size, file.size)
                    if part.size > file.size:
                        break
        if part.sha256 != file.sha256:
            raise ChecksumMismatch("All has come, and it is something else.")


def _holds(path: Path, file: File) -> bool:
    """Whether there is a file with just this content."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != file.size:
            return False
        with path.open("rb") as there:
            return hashlib.file_digest(there, "sha256").hexdigest() == file.sha256
    except OSError as error:
        raise NotWritten(f"{path} is there already, and cannot be read: {error.strerror or error}.") from error
