"""The read port: plain reads go from the view straight here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from signet_common.passport import Passport
from signet_files.domain.files import File, FileState
from signet_files.domain.quotas import Quota


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files a list holds; None does not narrow. `contains` is literal, sizes and UTC days are included."""

    contains: str | None = None
    media_type: str | None = None
    state: FileState = "active"
    created_by: int | None = None
    size_min: int | None = None
    size_max: int | None = None
    created_from: date | None = None
    created_to: date | None = None
    page: int = 1
    per_page: int = 20
    count: bool = False


class FilePage(Protocol):
    """One page of files, oldest first."""

    @property
    def items(self) -> Sequence[File]: ...
    @property
    def page(self) -> int: ...
    @property
    def per_page(self) -> int: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def total(self) -> int | None: ...


class FileQueries(Protocol):
    """Reads. With `record` the read itself is in the audit log, committed before it is answered."""

    def get(self, file_id: int, caller: Passport, *, record: bool) -> File:
        """A file that the caller may see, active or deleted. Raises FileNotFound."""
        ...

    def search(self, wanted: FileFilter, caller: Passport, *, record: bool) -> FilePage:
        """The page of files that the caller may see; an empty page is an answer."""
        ...


class QuotaQueries(Protocol):
    """Reads of quotas, recorded as those of files are."""

    def get(self, user_id: int, caller: Passport, *, record: bool) -> Quota:
        """The quota of a user, of one who never stored anything too. Raises QuotaNotFound."""
        ...
