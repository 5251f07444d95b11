"""The settings of the files service, read once."""

from pathlib import Path
from typing import Annotated

from signet_common.settings import DatabaseUrl, ServiceSettings, matching, whole_number

_TRACKER = r"[A-Za-z0-9.-]+:[0-9]{1,5}"
BlobsUrl = Annotated[
    str, matching(rf"file:/.*|fdfs://{_TRACKER}(?:,{_TRACKER})*", "file:/folder or fdfs://host:port,host:port")
]


class Settings(ServiceSettings, prefix="FILES_"):
    """`FILES_*`. `database_url` may hold a password.

    `blobs_url` names the store of the encrypted bytes, and `keyring` the file that their keys are wrapped under.
    `quota_mib` is what each user may store who has no limit of their own; `retention_days` is how long a deleted file
    can be brought back. `collect_minutes` is how often the background process looks by itself for what nobody will ask
    for any more, beside the scheduler, which has it looked for each hour; 0 turns both off.
    """

    database_url: DatabaseUrl
    blobs_url: BlobsUrl
    keyring: Path
    quota_mib: Annotated[int, whole_number(least=0, most=2**40)] = 10_240
    retention_days: Annotated[int, whole_number(least=0, most=36_500)] = 30
    collect_minutes: Annotated[int, whole_number(least=0, most=10_080)] = 1_440
