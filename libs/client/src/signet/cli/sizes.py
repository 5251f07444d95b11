"""Sizes as people write them: 4096, 512K, 10G."""

import re

import typer

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"([0-9]{1,15})([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)


def bytes_of(text: str) -> int:
    """Return the number of bytes; a unit is a power of 1024. Raises typer.BadParameter."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no size: write 4096, 512K, 20M or 10G")
    return int(found[1]) * _UNITS[found[2].upper()]
