"""Nothing outlives the process that started it, and what is missing is a skip here and a failure in CI."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signet_testing.packages import ServerMissing, Software
from signet_testing.process import ServerFailed, ServerProcess

pytest_plugins = ["pytester"]

NOTHING = Software("nothing", ("no-such-package",), ("/no/such/*/program",))
TEST_OF_A_MISSING_SERVER = """
import pytest
from signet_testing.packages import Software
from signet_testing.plugin import running
from signet_testing.redis import RedisServer

class Missing(RedisServer):
    def _command(self):
        return [Software("missing", (), ("no-such-program",)).find("no-such-program")]

@pytest.fixture
def missing():
    with running(Missing()) as server:
        yield server

def test_it(missing):
    pass

def test_marked(redis_server):
    pass
"""
OWNER_OF_A_SLEEPER = """
import sys, time
from pathlib import Path
from signet_testing.process import ServerProcess
folder = Path(sys.argv[1])
process = ServerProcess("sleeper", ["sh", "-c", "sleep 300 & wait"], folder / "log", remove_if_orphaned=folder)
process.start(lambda: True)
print(process.pid, flush=True)
time.sleep(300)
"""


def test_server_and_its_folder_go_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    """A run that is shot down has no chance to clean up, and must not fill the machine with servers."""
    folder = tmp_path / "server"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", OWNER_OF_A_SLEEPER, str(folder)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        group = int(owner.stdout.readline())
        assert group_is_alive(group)
        owner.kill()
    assert becomes_true(lambda: not group_is_alive(group))
    assert becomes_true(lambda: not folder.exists())


def test_kill_returns_when_children_that_left_the_group_have_ended(tmp_path: Path) -> None:
    """PostgreSQL's backends and Erlang's port programs lead sessions of their own, and hold what a successor needs."""
    pid_file = tmp_path / "child"
    child_code = (
        f"held = b'x' * 2**28; import os, time; print(os.getpid(), file=open('{pid_file}', 'w')); time.sleep(300)"
    )
    process = ServerProcess(
        "leader", ["sh", "-c", 'setsid "$0" -c "$1" & wait', sys.executable, child_code], tmp_path / "log"
    )
    process.start(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    child = int(pid_file.read_text())
    assert group_is_alive(child)
    process.kill()
    assert not group_is_alive(child)


def test_process_that_ends_while_starting_shows_its_log(tmp_path: Path) -> None:
    """Whoever reads the error has no other way to learn what went wrong."""
    process = ServerProcess("talker", ["sh", "-c", "echo the reason; exit 3"], tmp_path / "log")
    with pytest.raises(ServerFailed, match="the reason"):
        process.start(lambda: False)
    assert not process.running


def test_process_that_is_not_ready_in_time_is_killed(tmp_path: Path) -> None:
    """A server that hangs must fail its tests, not the whole run's patience."""
    process = ServerProcess("sleeper", ["sleep", "300"], tmp_path / "log")
    with pytest.raises(ServerFailed, match="not ready in time"):
        process.start(lambda: False, timeout=0.2)
    assert not process.running


def test_missing_program_names_the_server_and_the_cure() -> None:
    """The reason of a skip is all that most people read."""
    with pytest.raises(ServerMissing, match=r"nothing: program is not installed \(python -m signet_testing.install\)"):
        NOTHING.find("program")


def test_newest_version_is_found(tmp_path: Path) -> None:
    """Several PostgreSQL releases live side by side on Debian, and 9 is older than 15 although it sorts after it."""
    for version in ("9.6", "15", "13"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "program").touch()
    found = Software("versions", (), (f"{tmp_path}/*/program",)).find("program")
    assert found == tmp_path / "15" / "program"


@pytest.mark.parametrize(("ci", "outcome"), [("", "skipped"), ("true", "errors")])
def test_missing_server_is_a_skip_and_in_ci_a_failure(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    """A pipeline that silently skips half of its tests is worse than none."""
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(TEST_OF_A_MISSING_SERVER)
    pytester.runpytest_subprocess("-k", "test_it").assert_outcomes(**{outcome: 1}, deselected=1)


def test_tests_that_use_a_server_are_marked_by_themselves(pytester: pytest.Pytester) -> None:
    """`make test-unit` selects by marker, and nobody remembers to write one."""
    pytester.makepyfile(TEST_OF_A_MISSING_SERVER)
    pytester.makeini("[pytest]\nmarkers = servers: real servers\n")
    result = pytester.runpytest_subprocess("--collect-only", "-q", "-m", "servers")
    result.stdout.fnmatch_lines(["*test_marked*", "*1/2 tests collected*"])


def group_is_alive(group: int) -> bool:
    """Whether any process of the group still runs (zombies that nobody reaped do not count)."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def becomes_true(condition: Callable[[], bool]) -> bool:
    """Whether `condition()` holds within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
