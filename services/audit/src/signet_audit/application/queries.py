"""The read port of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signet_audit.domain.records import Record
from signet_common.passport import Passport


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records a page holds; None does not narrow. `time_start` is included, `time_end` is not."""

    user_id: int | None = None
    service: str | None = None
    resource: str | None = None
    object_id: str | None = None
    operation: str | None = None
    request_id: str | None = None
    time_start: datetime | None = None
    time_end: datetime | None = None
    page: int = 1
    per_page: int = 20
    count: bool = False


class RecordPage(Protocol):
    """One page of records, newest first."""

    @property
    def items(self) -> Sequence[Record]: ...
    @property
    def page(self) -> int: ...
    @property
    def per_page(self) -> int: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def total(self) -> int | None: ...


class RecordQueries(Protocol):
    """Reads. With `record` the read itself goes into the log, committed before it is answered."""

    def search(self, wanted: RecordFilter, caller: Passport, *, record: bool) -> RecordPage:
        """The page of records that the caller may see: scope `own` reaches only what the caller did."""
        ...
