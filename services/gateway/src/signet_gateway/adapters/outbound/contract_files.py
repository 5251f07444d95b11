"""Reads the contracts from `<folder>/openapi/*.yaml`, when the process starts and when it is told to reload."""

from pathlib import Path

import yaml

from signet_gateway.application.contracts import Contract, read_contract
from signet_gateway.application.errors import ContractInvalid


def load_contracts(folder: Path) -> list[Contract]:
    """Return all contracts, by file name; raises ContractInvalid for an empty folder and for what is no contract."""
    contracts = [_load(path) for path in sorted((folder / "openapi").glob("*.yaml"))]
    if not contracts:
        raise ContractInvalid(f"{folder / 'openapi'} holds no contract")
    return contracts


def _load(path: Path) -> Contract:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Both loaders are safe ones; the one in C is ten times as fast.
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContractInvalid(f"{path.name} cannot be read: {error}") from error
    return read_contract(path.name, document)
