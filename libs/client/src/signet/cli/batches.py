"""Many things, one after the other: one that fails does not stop the others, and the exit status tells of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import typer

from signet.api.files import File
from signet.cli.exit_codes import ExitCode, exit_code
from signet.cli.output import note, print_error
from signet.errors import (
    AuthenticationFailed,
    Forbidden,
    KeyNotTrusted,
    NotSignedIn,
    RateLimited,
    SignetError,
    Unavailable,
    Unreachable,
)

T = TypeVar("T")

_CONCERNS_ALL = (AuthenticationFailed, Forbidden, KeyNotTrusted, NotSignedIn, RateLimited, Unavailable, Unreachable)
"""After these the next one would fail as well."""


@dataclass(slots=True)
class Batch:
    """What has become of the things until now; `failed` names those that did not work."""

    as_json: bool
    failed: list[str] = field(default_factory=list)
    _status: ExitCode = ExitCode.OK

    def each(self, things: Iterable[T], name: Callable[[T], str], act: Callable[[T], None]) -> None:
        """Do `act` with each of them, and report errors. Raises typer.Exit after one that concerns all of them."""
        waiting = iter(things)
        for thing in waiting:
            try:
                act(thing)
            except SignetError as error:
                self._report(name(thing), error)
                if isinstance(error, _CONCERNS_ALL):
                    if next(waiting, None) is not None:
                        note("What comes after it has not been tried.")
                    raise typer.Exit(self._status) from error

    def end(self) -> None:
        """Raise typer.Exit, with the status of what failed first, if anything has failed."""
        if self.failed:
            raise typer.Exit(self._status)

    def _report(self, what: str, error: SignetError) -> None:
        print_error(error, as_json=self.as_json, about=what)
        self.failed.append(what)
        self._status = self._status or exit_code(error)


def called(file: File) -> str:
    """What a file is called where an error is told of it: a name alone is not one file."""
    return f"{file.file_name} (file {file.file_id})"
