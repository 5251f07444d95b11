"""What the command lines of the services load."""

import subprocess
import sys


def test_a_command_line_is_there_without_the_migration_tool() -> None:
    """Verbs that know nothing of migrations run at a start, and that tool alone takes four tenths of a second."""
    program = "import sys, signet_common.sql.administration; print('alembic' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
