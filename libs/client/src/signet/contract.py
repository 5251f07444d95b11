"""What the gateway's contract, its OpenAPI document, says of one request."""

import re
from collections.abc import Mapping

_UPLOADING = {"POST", "PUT", "PATCH"}
_PARAMETER = re.compile(r"\\\{[^/{}]+\\\}")


def sealing_of(document: object, method: str, target: str) -> str:
    """Return `required`, `optional` or `never`, as `x-sealed` of the operation says; empty for none that it knows."""
    return str(_operation(document, method, target).get("x-sealed", ""))


def uploads_to(document: object, method: str, target: str) -> bool:
    """Whether the operation takes a body of any size, whose SHA-256 has to be declared."""
    return method in _UPLOADING and _operation(document, method, target).get("x-stream") is True


def _operation(document: object, method: str, target: str) -> Mapping[str, object]:
    paths = document.get("paths") if isinstance(document, Mapping) else None
    path = target.partition("?")[0]
    if not isinstance(paths, Mapping):
        return {}
    # A literal path goes before one with parameters: /users/me before /users/{user_id}.
    for template in sorted(map(str, paths), key=lambda template: template.count("{")):
        pattern = _PARAMETER.sub("[^/]+", re.escape(template))
        operation = paths[template].get(method.lower()) if isinstance(paths[template], Mapping) else None
        if isinstance(operation, Mapping) and re.fullmatch(pattern, path):
            return operation
    return {}
