"""`python -m signet_testing.install [NAME…]`: get the real servers that the tests and benchmarks want.

Ends with code 0 even when something cannot be had, because the tests that need it are then skipped and say so;
with CI=true what is missing is a failure.
"""

import os
import sys
from collections.abc import Sequence

from signet_testing.packages import SERVERS, SOFTWARE, InstallFailed, Software, install


def main(arguments: Sequence[str]) -> int:
    """Install what is missing of the named software (all servers by default); returns the exit code."""
    unknown = [name for name in arguments if name not in SOFTWARE]
    if unknown:
        _say(f"unknown: {', '.join(unknown)}; known are {', '.join(SOFTWARE)}")
        return 2
    wanted = [SOFTWARE[name] for name in arguments] or list(SERVERS)
    reason = _install_missing(wanted)
    still_missing = [software for software in wanted if software.missing()]
    for software in wanted:
        absent = ", ".join(software.missing())
        _say(f"{software.name}: " + (f"NOT AVAILABLE ({absent}): {reason}" if absent else "available"))
    return 1 if still_missing and os.environ.get("CI") == "true" else 0


def _install_missing(wanted: Sequence[Software]) -> str:
    """Try to install; returns why that failed, or why something may be missing nevertheless."""
    missing = [software for software in wanted if software.missing()]
    if missing:
        try:
            install(missing, _say)
        except InstallFailed as problem:
            return str(problem)
    return "its Debian packages do not contain it"


def _say(text: str) -> None:
    print(f"servers: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
