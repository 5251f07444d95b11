"""A newcomer's tour, in each way that the documentation offers: the README as it stands, SDK, command line, curl."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from signet import Client
from signet.errors import NotFound
from signet_testing.platform import Platform
from signet_testing.profiles import embedded_settings
from signet_testing.root import ROOT
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

SIGNET = Path(sys.executable).with_name("signet")
STORY = ["insert", "query", "update", "delete"]
STORY_REPEATED = ["insert", "query", "query", "update", "delete"]
"""With a create that is sent twice under one Idempotency-Key: the answer given again is a read."""


def told(api: SignedApi, demo_id: int, story: Sequence[str] = STORY) -> list[dict[str, Any]]:
    """The audit log's records of one demo that has been through the whole tour."""
    return api.records(at_least=len(story), resource="demo", object_id=demo_id)


def assert_admin_did(records: Sequence[dict[str, Any]], *, with_a: str, story: Sequence[str] = STORY) -> None:
    assert [record["operation"] for record in records] == story
    assert {record["actor"]["user_name"] for record in records} == {"admin"}
    assert {record["actor"]["authentication"] for record in records} == {with_a}
    assert {record["client_ip"] for record in records} == {"127.0.0.1"}


@pytest.fixture(scope="module")
def fresh_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One that nobody has used: the README's first demo has the id 1."""
    with Platform(tmp_path_factory.mktemp("fresh"), embedded_settings()) as running:
        yield running


def test_the_tour_of_the_readme_runs_as_it_is_printed(fresh_platform: Platform, tmp_path: Path) -> None:
    """The first thing that a newcomer copies; only port and folder are not the README's."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    tour = re.split(r"^## ", page, flags=re.MULTILINE)[2]
    shell = "".join(re.findall(r"```sh\n(.*?)```", tour, re.DOTALL))
    [python] = re.findall(r"```python\n(.*?)```", tour, re.DOTALL)
    script = tmp_path / "tour.sh"
    script.write_text(f"set -e\n{shell}", encoding="utf-8")
    environment = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "SIGNET_HOME": str(fresh_platform.home),
        "XDG_CONFIG_HOME": str(tmp_path),
    }

    def ran(*command: str, folder: Path) -> str:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    printed = ran("sh", str(script), folder=ROOT)
    assert "first" in printed
    assert "second" in printed
    assert json.loads(printed.splitlines()[-1])["return_code"] == 200
    (tmp_path / "var").symlink_to(fresh_platform.home)
    told = ran(sys.executable, "-c", python, folder=tmp_path)
    assert "admin 127.0.0.1 insert 1" in told


def test_sdk_takes_a_newcomer_through_the_whole_tour(platform: Platform, api: SignedApi, demo_name: str) -> None:
    """Sign in, make, read, list, change, delete a demo, and find all of it in the audit log."""
    first = platform.first_run
    with Client.login(platform.url, first.user_name, first.password) as newcomer:
        made = newcomer.demos.create(demo_name)
        assert newcomer.demos.get(made.demo_id) == made
        assert list(newcomer.demos.list(demo_name=demo_name).items) == [made]
        changed = newcomer.demos.update(made.demo_id, demo_name=f"{demo_name}.", if_match=made.version)
        assert (changed.demo_name, changed.version) == (f"{demo_name}.", made.version + 1)
        newcomer.demos.delete(made.demo_id)
        with pytest.raises(NotFound):
            newcomer.demos.get(made.demo_id)
        assert_admin_did(told(api, made.demo_id), with_a="token")
        found = newcomer.audit.search(resource="demo", object_id=str(made.demo_id), operation="update").items
        assert [record.changes for record in found] == [{"demo_name": [demo_name, f"{demo_name}."]}]
        newcomer.sessions.end_current()


def test_command_line_takes_a_newcomer_through_the_whole_tour(
    platform: Platform, api: SignedApi, demo_name: str, tmp_path: Path
) -> None:
    """The same story from a shell, with nothing but first-run.json to begin with."""

    def signet(*arguments: str) -> str:
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": str(tmp_path)}
        done = subprocess.run(
            [SIGNET, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    signet("--first-run", str(platform.home / "first-run.json"), "login")
    made = json.loads(signet("demos", "create", demo_name, "--json"))
    assert demo_name in signet("demos", "get", str(made["demo_id"]))
    assert demo_name in signet("demos", "list", "--name", demo_name)
    signet("demos", "update", str(made["demo_id"]), "--name", f"{demo_name}.")
    signet("demos", "delete", str(made["demo_id"]))
    assert_admin_did(told(api, made["demo_id"]), with_a="token")
    table = signet("audit", "search", "--resource", "demo", "--object-id", str(made["demo_id"]))
    assert all(operation in table for operation in STORY)
    curl = signet("sign", "GET", f"/api/v1/demos?demo_name={demo_name}")
    printed = subprocess.run(["sh", "-c", curl], capture_output=True, text=True, timeout=30, check=True).stdout
    assert json.loads(printed)["return_code"] == 200
    signet("logout")


def test_curl_and_openssl_take_a_newcomer_through_the_whole_tour(
    platform: Platform, api: SignedApi, demo_name: str, tmp_path: Path
) -> None:
    """The script of docs/protocol.md as it stands there: whoever writes a client in another language starts from it."""
    page = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    [text] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    script = tmp_path / "signet-curl.sh"
    script.write_text(text, encoding="utf-8")
    first = platform.first_run
    environment = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "SIGNET_URL": platform.url,
        "SIGNET_API_KEY": first.api_key,
        "SIGNET_SECRET": first.secret,
        "IDEMPOTENCY_KEY": demo_name,
    }

    def curl(*arguments: str) -> Any:
        command = ["sh", str(script), *arguments]
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=True)
        answer = json.loads(printed.stdout)
        assert answer["return_code"] == 200, (arguments, answer)
        return answer["data"]

    demo_id = curl("POST", "/api/v1/demos", json.dumps({"demo_name": demo_name}))["demo_id"]
    assert curl("POST", "/api/v1/demos", json.dumps({"demo_name": demo_name}))["demo_id"] == demo_id
    del environment["IDEMPOTENCY_KEY"]
    assert curl("GET", f"/api/v1/demos/{demo_id}")["demo_name"] == demo_name
    assert [demo["demo_id"] for demo in curl("GET", f"/api/v1/demos?demo_name={demo_name}")["demos"]] == [demo_id]
    assert curl("PATCH", f"/api/v1/demos/{demo_id}", '{"demo_state":"inactive"}')["demo_state"] == "inactive"
    curl("DELETE", f"/api/v1/demos/{demo_id}")
    assert_admin_did(told(api, demo_id, STORY_REPEATED), with_a="api_key", story=STORY_REPEATED)
    assert curl("GET", f"/api/v1/audit/records?resource=demo&object_id={demo_id}")["records"]
