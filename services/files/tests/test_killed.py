"""Stopped between any two lines: nothing that is half is ever seen, and whatever is left is collected.

The first way is SIGKILL, after which no handler of ours runs, so what it leaves is what lies on the disk: lines between
which nothing got there are one moment. The second is a failure of that very step, after which all handlers run, so each
line is a moment of its own.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from services.files.tests.storing import CALLER, Sent, Service, WrongChecksum
from sqlalchemy import func, select

from signet_common.sql import transactions
from signet_common.sql.administration import migrations_folder
from signet_common.sql.database import Database
from signet_common.sql.migrations import upgrade
from signet_files import __file__ as package_file
from signet_files.adapters.outbound.tables import BLOBS, FILES, OUTBOX
from signet_files.domain.files import ACTIVE, DELETED, File

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

CONTENT = os.urandom(70_000)
"""Two chunks."""
OURS = (str(Path(package_file).parent), str(Path(transactions.__file__)))
KEPT, DELETED_LATELY, OVER = 1, 2, 3
TOLD = 3
Action = Callable[[Service], object]
Stop = Callable[[], object]


class Broken(Exception):
    """What a step fails with, whichever it is."""


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def broken() -> None:
    sys.settrace(None)
    raise Broken


class Tracer:
    """Follows the lines of ours that are about to run, and stops before one of them."""

    def __init__(self, home: Path, stop: Stop, at: int | None = None) -> None:
        self.lines: list[tuple[str, int]] = []
        self._disks: list[bytes] = []
        self._refused_at = 0
        self._home = home
        self._stop = stop
        self._at = at

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "call" and not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            if len(self.lines) == self._at:
                self._stop()
            self.lines.append((frame.f_code.co_filename, frame.f_lineno))
            if self._at is None and self._stop is killed:
                self._disks.append(fingerprint(self._home))
        if event == "exception" and argument[0] is WrongChecksum:
            self._refused_at = self._refused_at or len(self.lines)
        return self

    def moments(self) -> list[int]:
        """Before which lines to stop: to kill, the first with each state of the disk; to fail, the first run of each.

        Of what is refused only what follows: until then it is like what is not.
        """
        look = self._disks if self._stop is killed else self.lines
        first = {what: number for number, what in reversed([*enumerate(look)][self._refused_at :])}
        return sorted(first.values())


def fingerprint(home: Path) -> bytes:
    """All that lies there; not the index of SQLite's log, which is shared memory and made anew from the log."""
    found = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.name.endswith("-shm"):
            content = path.read_bytes()
            found.update(f"{path.relative_to(home)}\0{len(content)}\0".encode() + content)
    return found.digest()


@contextmanager
def service_in(home: Path) -> Iterator[Service]:
    """Eight days after the fixture made what is there."""
    service = Service(Database.open(f"sqlite:///{home / 'files.sqlite3'}", grouped=False), home / "blobs")
    service.later(days=8)
    yield service
    service.database.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A file to keep, one that was deleted lately, one whose time is over; the rest of an upload, and a lost blob."""
    home = tmp_path_factory.mktemp("killed") / "home"
    home.mkdir()
    upgrade(f"sqlite:///{home / 'files.sqlite3'}", migrations_folder(package_file))
    with service_in(home) as service:
        service.later(days=-8)
        for file_id in (KEPT, DELETED_LATELY, OVER):
            assert service.put(Sent(CONTENT)).file_id == file_id
        service.delete(CALLER, OVER, expected=None)
        service.uploads.begin("x", name := service.blobs.new_name(), length=9, by=7, at=service.clock())
        (service.folder / name[:2]).mkdir(exist_ok=True)
        (service.folder / name[:2] / f"{name}.part").write_bytes(b"x")
        service.blobs.write(stranger := service.blobs.new_name(), [b"x"])
        service.blobs.mark(stranger)
        service.later(days=6)
        service.delete(CALLER, DELETED_LATELY, expected=None)
    return home


def upload(service: Service) -> object:
    return service.put(Sent(CONTENT))


def refused_upload(service: Service) -> None:
    with pytest.raises(WrongChecksum):
        service.put(Sent(CONTENT, declared=b"another", length=len(CONTENT)))


def remove(service: Service) -> None:
    service.delete(CALLER, KEPT, expected=None)


def destroy(service: Service) -> None:
    service.delete(CALLER, DELETED_LATELY, expected=None, permanently=True)


def bring_back(service: Service) -> object:
    return service.undelete(CALLER, DELETED_LATELY)


def collect(service: Service) -> object:
    return service.collect()


STOPS: list[tuple[Action, Stop]] = [
    *((action, killed) for action in (upload, refused_upload, remove, destroy, bring_back, collect)),
    *((action, broken) for action in (upload, refused_upload)),
]


def in_child(home: Path, action: Action, tracer: Tracer) -> int:
    """Do it in a process of its own, and write down when it could be stopped; its exit code, 0 when it was not."""
    child = os.fork()
    if not child:
        status = 2
        try:
            with service_in(home) as service:
                sys.settrace(tracer)
                action(service)
                sys.settrace(None)
            (home / "moments").write_text(json.dumps(tracer.moments()))
            status = 0
        except Exception:  # noqa: BLE001 - what a broken step is told as is another test's business
            status = 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def require_whole(service: Service) -> None:
    """Whatever can be seen is whole, counted and told, and what should be there is."""
    rows = service.database.read(lambda c: c.execute(select(FILES)).all())
    active = {row.file_id: row for row in rows if row.file_state == ACTIVE}
    for row in active.values():
        assert service.content(File(*(getattr(row, field.name) for field in fields(File)))) == CONTENT
    assert service.used() == sum(row.room_taken for row in rows)
    inserted = select(func.count()).where(OUTBOX.c.routing_key == "files.file.insert")
    assert service.database.read(lambda c: c.scalar(inserted)) == TOLD + len(active.keys() - {KEPT, DELETED_LATELY})
    assert {row.file_id for row in rows if row.file_state in (ACTIVE, DELETED)} >= {KEPT}


@pytest.mark.parametrize(("action", "stop"), STOPS)
def test_whatever_is_stopped_anywhere_leaves_nothing_half(home, tmp_path, action: Action, stop: Stop) -> None:
    """Each line of ours in turn, those around a transaction included."""
    fresh = tmp_path / "home"

    def stopped_at(moment: int | None) -> int:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(home, fresh)
        return in_child(fresh, action, Tracer(fresh, stop, moment))

    assert stopped_at(None) == 0
    moments = json.loads((fresh / "moments").read_text())
    for moment in moments:
        assert stopped_at(moment) in (0, 1, -signal.SIGKILL), moment
        with service_in(fresh) as service:
            require_whole(service)
            service.later(minutes=11)
            service.collect()
            require_whole(service)
            rows = service.count(FILES)
            assert service.used() == len(CONTENT) * rows, moment
            assert not set(service.states()) - {ACTIVE, DELETED}, moment
            assert service.count(BLOBS) == rows, moment
            assert len([path for path in service.folder.rglob("*") if path.is_file()]) == rows, moment
