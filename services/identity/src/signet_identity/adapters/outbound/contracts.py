"""The operations that exist: the permissions that the published contracts ask for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

# libyaml's loader where it is there: the contracts are long.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContractsUnreadable(Exception):
    """The folder holds no contracts, or one that is no OpenAPI document; the message names it."""


def permissions_in(contracts_dir: Path) -> frozenset[str]:
    """Return every `x-permission` in `openapi/*.yaml` under the folder, as the gateway reads them.

    Raises ContractsUnreadable.
    """
    files = sorted(contracts_dir.glob("openapi/*.yaml"))
    if not files:
        raise ContractsUnreadable(f"there are no contracts in {contracts_dir / 'openapi'}")
    return frozenset(permission for file in files for permission in _permissions_of(file))


def _permissions_of(file: Path) -> Iterator[str]:
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        for operations in document["paths"].values():
            for operation in operations.values():
                yield from _permission(operation)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        raise ContractsUnreadable(f"{file} is no OpenAPI document") from None


def _permission(operation: Any) -> Iterator[str]:
    permission = operation.get("x-permission") if isinstance(operation, dict) else None
    if isinstance(permission, str):
        yield permission
