"""How refusals of identity look on the command line."""

from contextlib import AbstractContextManager

from signet_common.sql.one_line import one_line
from signet_identity import SERVICE
from signet_identity.bootstrap.commands import REFUSALS


def refusals_in_one_line() -> AbstractContextManager[None]:
    """Turn what can go wrong with files, the database and the rules into one line."""
    return one_line(SERVICE, *REFUSALS)
