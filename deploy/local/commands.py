"""The services' own commands, run for the preparation of an instance: several at once, all ended if one has to stop."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import IO

from deploy.local.errors import CommandFailed, Stopped


@dataclass(frozen=True, slots=True)
class Command:
    """One call of `signet-<service>`; `environment` holds its settings, secrets among them."""

    service: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Running:
    """Commands under way; their output is kept only to tell why one failed."""

    children: Sequence[tuple[Command, subprocess.Popen[bytes], IO[bytes]]]

    def finished(self) -> bool:
        """Whether all have ended well. Raises CommandFailed with the last line of the first that did not."""
        for command, process, output in self.children:
            if process.poll():
                raise CommandFailed(_reason(command, process.returncode, output))
        return all(process.poll() == 0 for _, process, _ in self.children)

    def wait(self, stop: Event) -> None:
        """Raises CommandFailed or Stopped."""
        while not self.finished():
            if stop.is_set():
                raise Stopped
            time.sleep(0.02)


@contextmanager
def running(commands: Iterable[Command]) -> Iterator[Running]:
    """Run all of them at once, and none beyond the block. Raises CommandFailed."""
    with ExitStack() as held:
        children = []
        for command in commands:
            output = held.enter_context(tempfile.TemporaryFile())
            process = _start(command, output)
            held.callback(_end, process)
            children.append((command, process, output))
        yield Running(children)


def run(commands: Iterable[Command], stop: Event) -> None:
    """Run all of them at once, to their end. Raises CommandFailed or Stopped."""
    with running(commands) as under_way:
        under_way.wait(stop)


def _start(command: Command, output: IO[bytes]) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name(f"signet-{command.service}")
    try:
        # A session of its own, so that Ctrl-C reaches the launcher alone and no command prints a traceback.
        return subprocess.Popen(
            [program, *command.arguments], env=dict(command.environment), stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    except OSError as failed:
        raise CommandFailed(
            f"{program} cannot be run ({failed.strerror}): run `make clean`, then start again"
        ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


def _reason(command: Command, exit_code: int, output: IO[bytes]) -> str:
    """The last line that the command wrote; it mostly names its service already."""
    output.seek(0)
    lines = [line.strip() for line in output.read().decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        call = " ".join((f"signet-{command.service}", *command.arguments))
        return f"`{call}` failed without a word, exit code {exit_code}"
    return lines[-1] if lines[-1].startswith(command.service) else f"{command.service}: {lines[-1]}"
