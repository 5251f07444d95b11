"""What a service declares about the events that it tells, so that their contract is written by code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EventDeclaration:
    """One type of event, version 1.

    `changes` maps each field that the event may tell of to the JSON Schema of its values; an event says (old, new).
    `versioned` events carry the object's version as `sequence`.
    """

    service: str
    resource: str
    operation: str
    summary: str
    versioned: bool = False
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
