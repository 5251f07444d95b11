"""How refusals look on the command line: one line on stderr, and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from signet_common.keyring.ciphers import KeyringError
from signet_common.sql.database import DatabaseUnavailable
from signet_identity.adapters.inbound.admin import FirstRunFileExists
from signet_identity.adapters.outbound.contracts import ContractsUnreadable
from signet_identity.domain.errors import IdentityError


def fail(refused: object) -> NoReturn:
    """Say the first line of what is wrong, and end with 1."""
    print(f"identity: {str(refused).strip().splitlines()[0]}", file=sys.stderr)
    raise typer.Exit(1)


@contextmanager
def refusals_in_one_line() -> Iterator[None]:
    """Turn what can go wrong with files, the database and the rules into one line."""
    try:
        yield
    except (KeyringError, FirstRunFileExists, ContractsUnreadable, IdentityError, OSError) as refused:
        fail(refused)
    except (SQLAlchemyError, DatabaseUnavailable) as refused:
        reason = refused.__cause__ or refused
        fail(getattr(reason, "orig", None) or reason)
