"""The operations that exist: the permissions that the published contracts ask for.

The contracts are read as a stream of YAML events. Building the documents would take more memory than all of what
identity keeps (8 MB that the process never gives back), for a few dozen words in them.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

# libyaml's parser where it is there: the contracts are long.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

PERMISSION = "x-permission"


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


def _permissions_of(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8") as stream:
            leaves = list(_operation_leaves(stream.read()))
    except (OSError, ValueError, yaml.YAMLError):
        raise ContractsUnreadable(f"{file} is no OpenAPI document") from None
    if not leaves:
        raise ContractsUnreadable(f"{file} is no OpenAPI document")
    return [value for name, value in leaves if name == PERMISSION]


def _operation_leaves(text: str) -> Iterator[tuple[str, str]]:
    """Each (key, text) directly in an operation: at `paths`, a path, a method, a key.

    Raises ValueError where `paths` or a path is no mapping.
    """
    keys: list[str | None] = []
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            # A sequence gets a key of its own, so that what it holds is at no path that is looked for.
            keys.append(None if isinstance(event, yaml.MappingStartEvent) else "[]")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            keys.pop()
            _value_ended(keys)
        elif isinstance(event, yaml.ScalarEvent) and keys and keys[-1] is None:
            keys[-1] = event.value
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            if keys[:1] == ["paths"] and len(keys) <= 2:
                raise ValueError("paths hold no operations")
            if keys[:1] == ["paths"] and len(keys) == 4 and isinstance(event, yaml.ScalarEvent):
                yield str(keys[3]), event.value
            _value_ended(keys)


def _value_ended(keys: list[str | None]) -> None:
    """After a value its mapping waits for the next key; a sequence goes on."""
    if keys and keys[-1] != "[]":
        keys[-1] = None
