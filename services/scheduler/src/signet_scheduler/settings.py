"""The settings of the scheduler, read once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from signet_common.settings import DatabaseUrl, ServiceSettings, service_addresses, whole_number


class Settings(ServiceSettings, prefix="SCHEDULER_"):
    """`SCHEDULER_*`. `database_url` may hold a password.

    `keyring` is the file that the contents of waiting mails are encrypted under. A worker process runs `threads` jobs
    at a time, and gives them `grace_seconds` to finish when it is told to stop. `upstreams` are the services, and the
    gateway, that jobs are asked of.
    """

    database_url: DatabaseUrl
    keyring: Path
    upstreams: Annotated[Mapping[str, str] | None, service_addresses] = None
    threads: Annotated[int, whole_number(least=1, most=64)] = 8
    grace_seconds: Annotated[int, whole_number(least=0, most=3600)] = 20
