"""Permissions: resource × operation, with the scope in which it holds.

The wildcard `*:*` (scope any) means every operation that any contract names, today's and tomorrow's. It is a value of
its own: only a holder of the wildcard covers the wildcard, so nobody can collect single permissions up to it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from signet_identity.domain.errors import FieldRefused

EVERYTHING = "*:*"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}:[a-z][a-z0-9_]{0,62}")


class Scope(StrEnum):
    """Where a permission holds: on the holder's own rows, or on all."""

    OWN = "own"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission; `name` is `resource:operation`."""

    name: str
    scope: Scope


def check_permission_name(value: str) -> str:
    """Return a text that is shaped like `resource:operation`; whether any contract asks for it is decided elsewhere.

    Raises:
        FieldRefused: it is not.
    """
    if not _NAME.fullmatch(value):
        raise FieldRefused("permission", "must be resource:operation, in small letters, digits and underscores")
    return value


@dataclass(frozen=True, slots=True)
class Rights:
    """Everything that somebody may do: the widest scope for each permission name."""

    scopes: Mapping[str, Scope]

    @classmethod
    def of(cls, permissions: Iterable[Permission]) -> "Rights":
        """Unite permissions, of one role or of several: `any` wins over `own`."""
        scopes: dict[str, Scope] = {}
        for permission in permissions:
            if scopes.get(permission.name) is not Scope.ANY:
                scopes[permission.name] = permission.scope
        return cls(scopes)

    def covers(self, other: "Rights") -> bool:
        """Whether the holder of these rights lacks nothing of `other`."""
        return all(self._allows(name, scope) for name, scope in other.scopes.items())

    def intersection(self, other: "Rights") -> "Rights":
        """What both allow: each name in the narrower of its two widest scopes; a wildcard stays one where both have it.

        Both cover the result, so a credential that is held to a subset can never do more than its holder.
        """
        scopes: dict[str, Scope] = {}
        for name in {**self.scopes, **other.scopes}:
            mine, theirs = self.scope_of(name), other.scope_of(name)
            if mine is not None and theirs is not None:
                scopes[name] = Scope.ANY if mine is theirs is Scope.ANY else Scope.OWN
        return Rights(scopes)

    def scope_of(self, name: str) -> Scope | None:
        """The widest scope in which a permission is held, by name or by wildcard; None: not at all."""
        held = {self.scopes.get(name), self.scopes.get(EVERYTHING)}
        return Scope.ANY if Scope.ANY in held else Scope.OWN if Scope.OWN in held else None

    def expanded(self, operations: Iterable[str]) -> dict[str, str]:
        """Concrete permissions, the wildcard replaced by the operations that the contracts name."""
        concrete = {name: scope.value for name, scope in self.scopes.items() if name != EVERYTHING}
        wildcard = self.scopes.get(EVERYTHING)
        if wildcard is not None:
            for name in operations:
                if concrete.get(name) != Scope.ANY.value:
                    concrete[name] = wildcard.value
        return concrete

    def _allows(self, name: str, scope: Scope) -> bool:
        held = self.scope_of(name)
        return held is Scope.ANY or held is scope


def check_known(names: Iterable[str], operations: Collection[str]) -> None:
    """Check that each name is one that some contract asks for.

    A name that nobody asks for would wait for the day when somebody does; and the wildcard is the administrator's.

    Raises:
        FieldRefused: one is not.
    """
    for name in names:
        if name not in operations:
            raise FieldRefused("permissions", f"no contract asks for {name!r}{nearest(name, operations)}")


def nearest(name: str, operations: Iterable[str]) -> str:
    """What may have been meant instead, and where all names stand; resources are not named as services are."""
    near = get_close_matches(name, sorted(operations), n=3, cutoff=0)
    return f" (closest: {', '.join(near)}; all: x-permission in /openapi.json)"
