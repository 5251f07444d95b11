"""The settings of identity, read once."""

from pathlib import Path
from typing import Annotated

from signet_common.settings import DatabaseUrl, ServiceSettings, whole_number
from signet_identity.domain.password_cost import LEAST, PasswordCost

HOUR = 3_600
HALF_A_DAY = 43_200
MONTH = 31 * 86_400
HALF_AN_HOUR = 1_800
DAY = 86_400
WEEK = 7 * DAY
"""How long a command may wait for its receiver, so no mail's token lasts longer."""


class Settings(ServiceSettings, prefix="IDENTITY_"):
    """`IDENTITY_*`. `database_url` may hold a password.

    `keyring` is the file that secrets at rest lie under, `contracts_dir` the folder that holds `openapi/`, and
    `session_seconds` how long a sign-in lasts at most, `session_idle_seconds` how long without being used. The other
    times are those for which a mailed token works. What a password's hash costs can be raised, not lowered; each one
    is made anew at its owner's next sign-in.
    """

    database_url: DatabaseUrl
    keyring: Path
    contracts_dir: Path
    session_seconds: Annotated[int, whole_number(least=60, most=MONTH)] = HALF_A_DAY
    # Use is noted once a minute, so less than a few minutes would end sessions that are in use.
    session_idle_seconds: Annotated[int, whole_number(least=300, most=MONTH)] = HOUR
    password_reset_seconds: Annotated[int, whole_number(least=60, most=WEEK)] = HALF_AN_HOUR
    email_confirmation_seconds: Annotated[int, whole_number(least=60, most=WEEK)] = DAY
    password_memory_kib: Annotated[int, whole_number(least=LEAST.memory_kib, most=1_048_576)] = LEAST.memory_kib
    password_passes: Annotated[int, whole_number(least=LEAST.passes, most=32)] = LEAST.passes

    @property
    def password_cost(self) -> PasswordCost:
        """The cost of a hash."""
        return PasswordCost(self.password_memory_kib, self.password_passes)
