"""`make contracts` writes contracts/ from the code; with `--check`, `make check` refuses what has drifted.

Every service prints its own contract and the events and commands that it declares, each in its own process, because no
service imports another and nothing here imports a service.
"""

import argparse
import difflib
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from deploy.local.errors import CannotRun, CommandFailed
from deploy.local.layout import ROOT

from signet_common.messaging.asyncapi import EventType, asyncapi_document, event_contracts
from signet_common.messaging.asyncapi_commands import CommandType, command_contracts

DIFF_LINES = 40
_COMMANDS_SENDER = "identity"


def generate(root: Path = ROOT) -> dict[str, str]:
    """Relative path below contracts/ → text, for everything that the code says. Raises CommandFailed."""
    services = [path.parent.name for path in sorted(root.glob("services/*/pyproject.toml")) if _has_command(path)]
    with ThreadPoolExecutor() as pool:
        contracts = dict(zip(services, pool.map(_openapi, services), strict=True))
        declared = [EventType(**event) for events in pool.map(_events, services) for event in events]
        sent = [CommandType(**command) for commands in pool.map(_commands, services) for command in commands]
    files = {f"openapi/{service}.yaml": text for service, text in contracts.items()}
    document = asyncapi_document(declared, sent)
    files["asyncapi.yaml"] = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    for folder, schemas in (("events", event_contracts(declared)), ("commands", command_contracts(sent))):
        for name, schema in schemas.items():
            files[f"{folder}/{name}"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return files


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Make `folder` hold these files and no other contract."""
    for path in _present(folder) - set(files):
        (folder / path).unlink()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def drift(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Lines that tell how the committed contracts differ from the code; none if they agree."""
    lines = [f"contracts/{path} describes nothing that exists" for path in sorted(_present(folder) - set(files))]
    for path, text in sorted(files.items()):
        committed = (folder / path).read_text() if (folder / path).exists() else ""
        if committed != text:
            names = (f"contracts/{path}", "what the code says")
            difference = list(difflib.unified_diff(committed.splitlines(), text.splitlines(), *names, lineterm=""))
            lines += difference[:DIFF_LINES]
            lines += [f"… {len(difference) - DIFF_LINES} more lines"] if len(difference) > DIFF_LINES else []
    return lines


def _present(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for pattern in ("*.yaml", "*/*.yaml", "*/*.json")
        for path in folder.glob(pattern)
    }


def _has_command(pyproject: Path) -> bool:
    scripts = tomllib.loads(pyproject.read_text())["project"].get("scripts", {})
    return f"signet-{pyproject.parent.name}" in scripts


def _openapi(service: str) -> str:
    return _ask(service, "openapi")


def _events(service: str) -> list[dict[str, Any]]:
    # The gateway has no database, so no event of its own: what it refuses is told by identity.
    return [] if service == "gateway" else list(json.loads(_ask(service, "events")))


def _commands(service: str) -> list[dict[str, Any]]:
    # Nobody else has the right to ask another for something.
    return list(json.loads(_ask(service, "commands"))) if service == _COMMANDS_SENDER else []


def _ask(service: str, verb: str) -> str:
    program = Path(sys.executable).with_name(f"signet-{service}")
    answer = subprocess.run([program, verb], capture_output=True, text=True, check=False)
    if answer.returncode:
        last = answer.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise CommandFailed(f"signet-{service} {verb} failed: {last[0]}")
    return answer.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 when a contract has drifted or a service cannot tell its own."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args(arguments).check
    try:
        files = generate()
    except CannotRun as failed:
        print(f"signet: {failed}", file=sys.stderr)
        return 1
    if not check:
        write(ROOT / "contracts", files)
        return 0
    found = drift(ROOT / "contracts", files)
    if found:
        print("\n".join([*found, "signet: contracts/ has drifted from the code: run `make contracts` and review"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
