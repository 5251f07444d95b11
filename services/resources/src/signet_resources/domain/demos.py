"""Demo: the example of a resource. A name, a state, and the rules about both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from signet_resources.domain.errors import VersionMismatch

MAX_NAME_BYTES = 15

DemoState = Literal["active", "inactive"]

CLIENT_FIELDS = ("demo_name", "demo_state")
"""What clients set. What is stored, compared and told about a demo follows from this; none of it may be a secret."""


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo as it stands at `version`."""

    demo_id: int
    demo_name: str
    demo_state: DemoState
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None

    def changed(self, fields: Mapping[str, Any], *, by: int | None, at: datetime) -> "Demo":
        """The demo after a change: one version further, whatever the fields say."""
        return replace(self, **fields, version=self.version + 1, updated_at=at, updated_by=by)

    def require_version(self, expected: frozenset[int] | None) -> None:
        """Raises VersionMismatch unless the demo is at one of the versions that the client has seen."""
        if expected is not None and self.version not in expected:
            raise VersionMismatch(f"demo {self.demo_id} is at version {self.version}")


def differences(old: Demo | None, new: Demo | None) -> dict[str, tuple[Any, Any]]:
    """Field → (before, after) for each of `CLIENT_FIELDS` that differs; None is a demo not yet made, or deleted."""
    pairs = {field: (old and getattr(old, field), new and getattr(new, field)) for field in CLIENT_FIELDS}
    return {field: (before, after) for field, (before, after) in pairs.items() if before != after}
