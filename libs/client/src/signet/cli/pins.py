"""Which keys of which gateway are believed: `{"<origin>": ["<thumbprint>", …]}`, a file beside the profiles, 0600.

Nothing in it is secret, but whoever could write it could stand between.
"""

from pathlib import Path

import httpx

from signet.cli.profiles import private_json, write_private_json


class FilePins:
    """The pins of one gateway."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._origin = str(httpx.URL(url).copy_with(path="/")).rstrip("/")

    def load(self) -> set[str]:
        """Return what is kept. Raises ProfileInvalid for a file that others may touch."""
        kept = self._all().get(self._origin, [])
        return {str(thumbprint) for thumbprint in kept} if isinstance(kept, list) else set()

    def save(self, thumbprints: set[str]) -> None:
        """Replace what is kept for this gateway, in one step. Raises ProfileInvalid."""
        values = self._all() | {self._origin: sorted(thumbprints)}
        write_private_json(self._path, values)

    def _all(self) -> dict[str, object]:
        return private_json(self._path) if self._path.exists() else {}
