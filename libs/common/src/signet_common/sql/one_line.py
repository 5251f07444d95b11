"""How refusals look on a service's command line: one line on stderr, and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from signet_common.keyring.ciphers import KeyringError
from signet_common.sql.database import DatabaseUnavailable
from signet_common.sql.engines import DatabaseUrlInvalid


def fail(service: str, refused: object, code: int = 1) -> NoReturn:
    """Say the first line of what is wrong, and end."""
    line = (str(refused).strip() or type(refused).__name__).splitlines()[0]
    print(f"{service}: {line}", file=sys.stderr)  # noqa: T201 - this is a command line
    raise typer.Exit(code)


@contextmanager
def one_line(service: str, *refusals: type[Exception]) -> Iterator[None]:
    """Turn `refusals`, and what can go wrong with files, keyrings and databases, into one line."""
    expected: tuple[type[Exception], ...] = (KeyringError, DatabaseUrlInvalid, OSError, *refusals)
    try:
        yield
    except expected as refused:
        fail(service, refused)
    except (SQLAlchemyError, DatabaseUnavailable) as refused:
        reason = refused.__cause__ or refused
        fail(service, getattr(reason, "orig", None) or reason)
