"""What of a contract breaks those who rely on an older one: OpenAPI documents and the JSON Schemas of events.

A request may be taken more freely than before and never less so; an answer or an event may tell more and never less.
"""

from collections.abc import Iterator, Mapping
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
_UPPER = ("maxLength", "maximum", "maxItems")
_LOWER = ("minLength", "minimum", "minItems")
Json = Mapping[str, Any]


def broken_api(old: Json, new: Json) -> Iterator[str]:
    """Yield what breaks clients of the OpenAPI document `old`, one line each."""
    for path, item in old.get("paths", {}).items():
        for method in METHODS:
            if method not in item:
                continue
            found = new.get("paths", {}).get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if found is None:
                yield f"{where} is gone"
            else:
                yield from _operation(where, (old, item[method]), (new, found))


def broken_event(old: Json, new: Json) -> Iterator[str]:
    """Yield what breaks consumers of the event schema `old`."""
    yield from _Schemas(old, new, taken=False).compare("the event", old, new)


def _operation(where: str, old: tuple[Json, Json], new: tuple[Json, Json]) -> Iterator[str]:
    (old_root, before), (new_root, after) = old, new
    for name in ("x-permission", "x-public"):
        if before.get(name) != after.get(name):
            yield f"{where}: {name} was {before.get(name)} and is {after.get(name)}"
    taken, told = (_Schemas(old_root, new_root, taken=wanted) for wanted in (True, False))
    yield from _parameters(where, taken, before, after)
    yield from taken.compare(f"{where}: the body", _body(before), _body(after))
    if not before.get("requestBody", {}).get("required") and after.get("requestBody", {}).get("required"):
        yield f"{where}: a body is required"
    for status, answer in before.get("responses", {}).items():
        if status.startswith("2"):
            found = after.get("responses", {}).get(status)
            if found is None:
                yield f"{where}: the answer {status} is gone"
            else:
                yield from told.compare(f"{where}: the answer {status}", _content(answer), _content(found))


def _parameters(where: str, schemas: "_Schemas", before: Json, after: Json) -> Iterator[str]:
    old = {(one["in"], one["name"]): one for one in map(schemas.old, before.get("parameters", []))}
    new = {(one["in"], one["name"]): one for one in map(schemas.new, after.get("parameters", []))}
    for key, parameter in new.items():
        if parameter.get("required") and not old.get(key, {}).get("required"):
            yield f"{where}: the {key[0]} parameter {key[1]} is required"
    for key, parameter in old.items():
        what = f"{where}: the {key[0]} parameter {key[1]}"
        if key not in new:
            yield f"{what} is gone"
        else:
            yield from schemas.compare(what, parameter.get("schema", {}), new[key].get("schema", {}))


def _body(operation: Json) -> Json:
    return _content(operation.get("requestBody", {}))


def _content(holder: Json) -> Json:
    found: Json = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return found


class _Schemas:
    """Compares schemas of two documents; `taken` are those of requests, the others of answers."""

    def __init__(self, old_root: Json, new_root: Json, *, taken: bool) -> None:
        self._old_root, self._new_root, self._taken = old_root, new_root, taken
        self._seen: set[tuple[str, str]] = set()

    def old(self, node: Json) -> Json:
        return _resolved(self._old_root, node)

    def new(self, node: Json) -> Json:
        return _resolved(self._new_root, node)

    def compare(self, where: str, before: Json, after: Json) -> Iterator[str]:
        """Yield what is narrower than before, where it is taken, or poorer, where it is told."""
        pair = (str(before.get("$ref", "")), str(after.get("$ref", "")))
        if all(pair) and pair in self._seen:
            return
        self._seen.add(pair)
        old, new = self._kinds(self.old, before), self._kinds(self.new, after)
        lost = old.keys() - new.keys() if self._taken else new.keys() - old.keys()
        if old and new and lost and not ("any" in old or "any" in new):
            yield f"{where} was {' or '.join(sorted(old))} and is {' or '.join(sorted(new))}"
        for kind in sorted(old.keys() & new.keys()):
            yield from self._values(where, old[kind], new[kind])
            yield from self._fields(where, old[kind], new[kind])
            if "items" in old[kind] and "items" in new[kind]:
                yield from self.compare(f"{where}[]", old[kind]["items"], new[kind]["items"])

    def _kinds(self, resolve: Any, node: Json) -> dict[str, Json]:
        """The alternatives of a schema by their type."""
        node = resolve(node)
        branches = node.get("anyOf") or node.get("oneOf")
        if branches:
            return {kind: found for branch in branches for kind, found in self._kinds(resolve, branch).items()}
        types = node.get("type", "any")
        return dict.fromkeys([types] if isinstance(types, str) else types, node)

    def _values(self, where: str, old: Json, new: Json) -> Iterator[str]:
        gone = [value for value in old.get("enum", []) if value not in new.get("enum", old.get("enum", []))]
        for value in gone:
            yield f"{where} is never {value!r} any more"
        if old.get("const") != new.get("const"):
            yield f"{where} was always {old.get('const')!r} and is {new.get('const')!r}"
        if not self._taken:
            return
        if "enum" in new and "enum" not in old:
            yield f"{where} is one of a few values"
        for name in (*_UPPER, *_LOWER):
            before, after = old.get(name), new.get(name)
            tighter = after is not None and (before is None or (after < before if name in _UPPER else after > before))
            if tighter:
                yield f"{where}: {name} was {before} and is {after}"
        if "pattern" in new and old.get("pattern") != new["pattern"]:
            yield f"{where} has another pattern"

    def _fields(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required = set(new.get("required", [])) - set(old.get("required", []))
        optional = set(old.get("required", [])) - set(new.get("required", []))
        for name in sorted(required if self._taken else optional & after.keys()):
            yield f"{where}: {name} is {'required' if self._taken else 'not always there any more'}"
        for name, schema in before.items():
            if name not in after:
                yield f"{where}: {name} is gone"
            else:
                yield from self.compare(f"{where}: {name}", schema, after[name])


def _resolved(root: Json, node: Json) -> Json:
    while "$ref" in node:
        found: Any = root
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node
