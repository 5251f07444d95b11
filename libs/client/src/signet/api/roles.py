"""Roles: named bundles of permissions."""

from collections.abc import Mapping
from dataclasses import dataclass

from signet.connection import Connection
from signet.decoding import Page, decode_page


@dataclass(frozen=True, slots=True)
class Role:
    """One role; each of its permissions is an object as the contract says."""

    role_id: int
    role_name: str
    description: str = ""
    permissions: tuple[Mapping[str, object], ...] = ()


class Roles:
    """`/api/v1/roles`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, page: int = 1, per_page: int = 20) -> Page[Role]:
        """Read one page."""
        answer = self._connection.request("GET", "/api/v1/roles", query={"page": page, "per_page": per_page})
        return decode_page(Role, "roles", answer.data)
