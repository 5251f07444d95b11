"""A process that cannot start says so and ends; Gunicorn alone would start its worker again for ever."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CONFIGURATION = HERE.parents[3] / "deploy" / "gunicorn" / "gunicorn.conf.py"


def test_a_missing_setting_ends_the_whole_process() -> None:
    """The line that names the setting must not be repeated until somebody looks."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(CONFIGURATION), "--bind", "127.0.0.1:0"]
    command += ["--chdir", str(HERE), "echo_application:misconfigured()"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode not in (0, None)
    assert done.stderr.count("RESOURCES_DATABASE_URL is missing") == 1
    assert "Traceback" not in done.stderr


def test_a_start_says_nothing(edge) -> None:
    """Quiet when all is well: everything in the log is a line of ours."""
    assert all(json.loads(line)["service"] for line in edge.log.read_text().splitlines())
