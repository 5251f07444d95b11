"""Demos, the platform's example resource."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from signet.api.preconditions import if_version
from signet.connection import Connection
from signet.decoding import Page, decode, decode_page

_PATH = "/api/v1/demos"


@dataclass(frozen=True, slots=True)
class Demo:
    """One Demo. Times are UTC; `version` is what `if_match` wants."""

    demo_id: int
    demo_name: str
    demo_state: str
    version: int
    created_at: datetime
    created_by: int | None = None
    updated_at: datetime | None = None
    updated_by: int | None = None


class Demos:
    """`/api/v1/demos`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, demo_name: str, demo_state: str | None = None) -> Demo:
        """Create one; the name is unique and at most 15 bytes of UTF-8. Raises ValueDuplicate."""
        return decode(Demo, self._connection.request("POST", _PATH, body=_given(demo_name, demo_state)).data)

    def get(self, demo_id: int) -> Demo:
        """Read an active one. Raises NotFound."""
        return decode(Demo, self._connection.request("GET", f"{_PATH}/{demo_id}").data)

    def list(
        self,
        *,
        demo_name: str | None = None,
        demo_state: str | None = None,
        create_date_start: date | None = None,
        create_date_end: date | None = None,
        page: int = 1,
        per_page: int = 20,
        count: bool = False,
    ) -> Page[Demo]:
        """Read one page: names that contain `demo_name`, created on UTC days from start to end, both inclusive."""
        query = {
            "demo_name": demo_name,
            "demo_state": demo_state,
            "create_date_start": create_date_start,
            "create_date_end": create_date_end,
            "page": page,
            "per_page": per_page,
            "count": "true" if count else None,
        }
        return decode_page(Demo, "demos", self._connection.request("GET", _PATH, query=query).data)

    def iterate(self, *, demo_name: str | None = None, demo_state: str | None = None) -> Iterator[Demo]:
        """Read all pages, one request per hundred; what changes meanwhile may be missed or come twice."""
        number, more = 1, True
        while more:
            page = self.list(demo_name=demo_name, demo_state=demo_state, page=number, per_page=100)
            yield from page.items
            number, more = number + 1, page.has_more

    def update(
        self,
        demo_id: int,
        *,
        demo_name: str | None = None,
        demo_state: str | None = None,
        if_match: int | None = None,
    ) -> Demo:
        """Change what is given, inactive ones too. Raises VersionConflict if the version is not `if_match` any more."""
        answer = self._connection.request(
            "PATCH", f"{_PATH}/{demo_id}", body=_given(demo_name, demo_state), headers=if_version(if_match)
        )
        return decode(Demo, answer.data)

    def delete(self, demo_id: int, *, if_match: int | None = None) -> None:
        """Remove one and free its name. Raises NotFound, VersionConflict."""
        self._connection.request("DELETE", f"{_PATH}/{demo_id}", headers=if_version(if_match))


def _given(demo_name: str | None, demo_state: str | None) -> dict[str, str]:
    fields = {"demo_name": demo_name, "demo_state": demo_state}
    return {name: value for name, value in fields.items() if value is not None}
