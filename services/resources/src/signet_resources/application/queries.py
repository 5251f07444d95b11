"""The read port: plain reads go from the view straight here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from signet_common.passport import Passport
from signet_resources.domain.demos import Demo, DemoState


@dataclass(frozen=True, slots=True)
class DemoFilter:
    """Which demos a list holds; None does not narrow. `contains` is literal, the days are UTC and included."""

    contains: str | None = None
    state: DemoState | None = None
    created_from: date | None = None
    created_to: date | None = None
    page: int = 1
    per_page: int = 20
    count: bool = False


class DemoPage(Protocol):
    """One page of demos, oldest first."""

    @property
    def items(self) -> Sequence[Demo]: ...
    @property
    def page(self) -> int: ...
    @property
    def per_page(self) -> int: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def total(self) -> int | None: ...


class DemoQueries(Protocol):
    """Reads. With `record` the read itself is in the audit log, committed before it is answered."""

    def get_active(self, demo_id: int, caller: Passport, *, record: bool) -> Demo:
        """An active demo that the caller may see. Raises DemoNotFound."""
        ...

    def search(self, wanted: DemoFilter, caller: Passport, *, record: bool) -> DemoPage:
        """The page of demos that the caller may see; an empty page is an answer."""
        ...
