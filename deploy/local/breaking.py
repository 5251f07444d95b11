"""`make check` names what breaks clients since the contracts were last tagged.

Compared with the newest tag `contracts-v*` behind this commit, or with the newest tag of any name. A break that is
meant is reviewed and then tagged; what is broken is only what a tag has promised.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from deploy.local.compatibility import broken_api, broken_event
from deploy.local.layout import ROOT

FOLDER = "contracts/"


def newest_tag(root: Path) -> str:
    """The tag to compare with; empty where there is none, or no git."""
    for pattern in ("contracts-v*", "*"):
        tag = _git(root, "describe", "--tags", "--abbrev=0", f"--match={pattern}")
        if tag is not None:
            return tag.strip()
    return ""


def tagged(root: Path, tag: str) -> dict[str, str]:
    """Path below contracts/ → text, as of a tag."""
    names = (_git(root, "ls-tree", "-r", "--name-only", tag, "--", FOLDER) or "").splitlines()
    return {name.removeprefix(FOLDER): _git(root, "show", f"{tag}:{name}") or "" for name in names}


def present(root: Path) -> dict[str, str]:
    """The same of the working tree."""
    folder = root / FOLDER
    files = [path for pattern in ("openapi/*.yaml", "events/*.json") for path in folder.glob(pattern)]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def breaks(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """One line for each thing that an older contract promised and a newer one does not keep."""
    lines = []
    for name, text in sorted(old.items()):
        if not name.startswith(("openapi/", "events/")):
            continue
        if name not in new:
            lines.append(f"{FOLDER}{name} is gone")
        elif name.startswith("openapi/"):
            found = broken_api(_yaml(text), _yaml(new[name]))
            lines += [f"{FOLDER}{name}: {line}" for line in found]
        else:
            found = broken_event(json.loads(text), json.loads(new[name]))
            lines += [f"{FOLDER}{name}: {line}" for line in found]
    return lines


def main(root: Path = ROOT) -> int:
    """Exit code 1 when a promise is broken."""
    tag = newest_tag(root)
    if not tag:
        print("Contracts: no tag to compare with, so nothing has been promised yet.")
        return 0
    found = breaks(tagged(root, tag), present(root))
    if found:
        print(
            "\n".join([*found, f"signet: these break clients of {tag}: keep the promise, or tag the next contracts-v*"])
        )
        return 1
    print(f"Contracts: nothing breaks clients of {tag}.")
    return 0


def _yaml(text: str) -> dict[str, object]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, object] = yaml.load(text, Loader=loader)
    return document


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return answer.stdout if answer.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
