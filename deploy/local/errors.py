"""What stops `make run`; every message is one line that names the thing and says what to do.

CannotRun
├── SettingRefused       a SIGNET_* variable is unknown or malformed
├── PreflightFailed      the machine is not ready for an instance: port, folder, another instance
├── CommandFailed        a service's own command (migration, keyring, first run) refused
└── StartFailed          a process did not start, or the platform did not become ready
"""


class CannotRun(Exception):
    """The reason why nothing is running; printed as it is, exit code 1."""


class SettingRefused(CannotRun):
    pass


class PreflightFailed(CannotRun):
    pass


class CommandFailed(CannotRun):
    pass


class StartFailed(CannotRun):
    pass


class Stopped(Exception):
    """Ctrl-C or SIGTERM arrived before the platform was ready."""
