"""Demo: the example of a resource. A name, a state, and the rules about both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from signet_resources.domain.errors import VersionMismatch

MAX_NAME_BYTES = 15

DemoState = Literal["active", "inactive"]


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

    def differences(self, other: "Demo") -> dict[str, tuple[Any, Any]]:
        """Field → (here, there) for each field that a client can set and that differs."""
        return {
            field: (getattr(self, field), getattr(other, field))
            for field in ("demo_name", "demo_state")
            if getattr(self, field) != getattr(other, field)
        }

    def require_version(self, expected: frozenset[int] | None) -> None:
        """Raises VersionMismatch unless the demo is at one of the versions that the client has seen."""
        if expected is not None and self.version not in expected:
            raise VersionMismatch(f"demo {self.demo_id} is at version {self.version}")
