"""What a newer contract may not do to those who rely on an older one, and what it may."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.local import breaking
from deploy.local.compatibility import broken_api, broken_event

DEMO = {
    "type": "object",
    "required": ["name", "state"],
    "properties": {
        "name": {"type": "string", "maxLength": 15},
        "state": {"type": "string", "enum": ["active", "inactive"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
}
PAGE = {"in": "query", "name": "page", "schema": {"type": "integer"}}


def content(name: str) -> Any:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


READ = {"x-permission": "demo:query", "parameters": [PAGE], "responses": {"200": content("Told")}}
CREATE = {"x-permission": "demo:create", "requestBody": content("Taken"), "responses": {}}
API = {
    "paths": {"/api/v1/demos": {"get": READ, "post": CREATE}},
    "components": {"schemas": {"Told": DEMO, "Taken": copy.deepcopy(DEMO)}},
}


def changed(path: str, value: Any) -> Any:
    """The API with what is at `path` replaced, or removed where `value` is None."""
    document: Any = copy.deepcopy(API)
    *parts, last = path.split(" ")
    node = document
    for part in parts:
        node = node[int(part) if part.isdigit() and isinstance(node, list) else part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return document


GET, POST = "paths /api/v1/demos get", "paths /api/v1/demos post"
TOLD, TAKEN = "components schemas Told", "components schemas Taken"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("paths /api/v1/demos", None, "GET /api/v1/demos is gone"),
        (POST, None, "POST /api/v1/demos is gone"),
        (f"{GET} x-permission", "demo:read", "x-permission was demo:query and is demo:read"),
        (f"{GET} parameters", [], "parameter page is gone"),
        (f"{GET} parameters", [PAGE, {"in": "query", "name": "q", "required": True}], "parameter q is required"),
        (f"{GET} parameters", [{**PAGE, "schema": {"type": "boolean"}}], "page was integer and is boolean"),
        (f"{POST} requestBody required", True, "a body is required"),
        (f"{TAKEN} required", ["name", "state", "note"], "note is required"),
        (f"{TAKEN} properties name maxLength", 10, "maxLength was 15 and is 10"),
        (f"{TAKEN} properties note", {"type": "string"}, "note was null or string and is string"),
        (f"{TAKEN} properties state enum", ["active"], "state is never 'inactive' any more"),
        (f"{TAKEN} properties note", None, "note is gone"),
        (f"{TOLD} properties note", None, "note is gone"),
        (f"{TOLD} required", ["name"], "state is not always there any more"),
        (f"{TOLD} properties name", {"type": "integer"}, "name was string and is integer"),
        (f"{TOLD} properties state enum", ["active"], "state is never 'inactive' any more"),
        (f"{GET} responses", {}, "the answer 200 is gone"),
    ],
)
def test_a_broken_promise_is_named(path: str, value: Any, named: str) -> None:
    """By operation and field, so that nobody has to compare documents."""
    found = list(broken_api(API, changed(path, value)))
    assert any(line.endswith(named) for line in found), found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("paths /api/v1/more", {"get": {"x-permission": "more:query"}}),
        (f"{GET} parameters", [PAGE, {"in": "query", "name": "q"}]),
        (f"{TAKEN} properties name maxLength", 20),
        (f"{TAKEN} required", ["name"]),
        (f"{TAKEN} properties more", {"type": "string"}),
        (f"{TOLD} properties more", {"type": "string"}),
        (f"{TOLD} properties note", {"type": "string"}),
        (f"{GET} summary", "Other words"),
    ],
)
def test_what_takes_more_or_tells_more_breaks_nobody(path: str, value: Any) -> None:
    """Or the check would be switched off."""
    assert list(broken_api(API, changed(path, value))) == []


def test_an_event_may_tell_more_and_never_less() -> None:
    """Consumers were told that version 1 only grows."""
    more = {**DEMO, "properties": {**DEMO["properties"], "more": {"type": "string"}}}  # type: ignore[dict-item]
    assert list(broken_event(DEMO, more)) == []
    assert list(broken_event(more, DEMO)) == ["the event: more is gone"]


def git(folder: Path, *arguments: str) -> None:
    identity = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "tag.gpgsign=false",
        "-c",
        "commit.gpgsign=false",
    ]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_contracts_are_compared_with_the_newest_tag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was committed since and never tagged was never promised."""
    contract = tmp_path / "contracts" / "openapi" / "resources.yaml"
    contract.parent.mkdir(parents=True)
    contract.write_text(yaml.safe_dump(API))
    assert breaking.main(tmp_path) == 0
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    assert breaking.main(tmp_path) == 0
    assert "no tag to compare with" in capsys.readouterr().out
    git(tmp_path, "tag", "contracts-v1")
    assert breaking.main(tmp_path) == 0
    contract.write_text(yaml.safe_dump(changed(POST, None)))
    assert breaking.main(tmp_path) == 1
    assert "contracts/openapi/resources.yaml: POST /api/v1/demos is gone" in capsys.readouterr().out
    git(tmp_path, "commit", "-am", "two")
    git(tmp_path, "tag", "contracts-v2")
    assert breaking.main(tmp_path) == 0


def test_a_folder_without_git_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An archive of the sources must build."""
    monkeypatch.setenv("PATH", "")
    assert breaking.main(tmp_path) == 0
