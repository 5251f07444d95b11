"""The route table: from a path to its operations, by dictionary first and by segments second.

The path is matched as it was sent: the protocol leaves each path one spelling, so nothing is decoded here and no two
texts mean the same.
"""

import re
from collections.abc import Iterable

from signet_gateway.application.contracts import Operation
from signet_gateway.application.errors import ContractInvalid

_PARAMETER = re.compile(r"\{\w+\}")
_Template = tuple[str | None, ...]


class Route:
    """What can be done with one path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.operations: dict[str, Operation] = {}

    def add(self, operation: Operation) -> None:
        """Add one operation; raises ContractInvalid if the method is taken."""
        if operation.method in self.operations:
            raise ContractInvalid(f"{operation.method} {operation.path} is in the contracts twice")
        self.operations[operation.method] = operation

    def operation(self, method: str) -> Operation | None:
        """Return the operation of a method; HEAD is GET without the body."""
        found = self.operations.get(method)
        return self.operations.get("GET") if found is None and method == "HEAD" else found

    @property
    def allow(self) -> str:
        """The value of the Allow header (RFC 9110 10.2.1)."""
        methods = {*self.operations, "OPTIONS"}
        if "GET" in methods:
            methods.add("HEAD")
        return ", ".join(sorted(methods))


class RouteTable:
    """All routes of the platform; read-only once it is made. Literal segments win over parameters."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._literal: dict[str, Route] = {}
        self._templates: dict[int, list[tuple[_Template, Route]]] = {}
        by_template: dict[_Template, Route] = {}
        for operation in operations:
            template = _template(operation.path)
            by_template.setdefault(template, Route(operation.path)).add(operation)
        for template, route in sorted(by_template.items(), key=lambda entry: [part is None for part in entry[0]]):
            if None in template:
                self._templates.setdefault(len(template), []).append((template, route))
            else:
                self._literal[route.path] = route

    def find(self, path: str) -> Route | None:
        """Return the route of a path, without its query; None if no contract knows it."""
        route = self._literal.get(path)
        if route is not None:
            return route
        segments = path.split("/")
        for template, route in self._templates.get(len(segments), ()):
            if _matches(template, segments):
                return route
        return None


def _template(path: str) -> _Template:
    """Split a path of a contract; a parameter, which is always a whole segment, becomes None."""
    parts: list[str | None] = []
    for segment in path.split("/"):
        if "{" not in segment and "}" not in segment:
            parts.append(segment)
        elif _PARAMETER.fullmatch(segment):
            parts.append(None)
        else:
            raise ContractInvalid(f"{path}: a parameter must be a whole segment")
    return tuple(parts)


def _matches(template: _Template, segments: list[str]) -> bool:
    for part, segment in zip(template, segments, strict=True):
        if part is None:
            if not segment:
                return False
        elif part != segment:
            return False
    return True
