"""Pages point at each other by relative paths, which nothing else follows."""

import re
from collections.abc import Iterator
from pathlib import Path

from deploy.local.layout import ROOT

FOLDERS = ("docs", "libs", "services", "deploy", "tests")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> Iterator[Path]:
    yield from ROOT.glob("*.md")
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*.md")


def targets(page: Path) -> Iterator[Path]:
    """The files that a page links to; code blocks hold no links."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        path, _, _ = target.partition("#")
        if path and "://" not in path and not path.startswith("mailto:"):
            yield page.parent / path


def test_every_relative_link_leads_to_something() -> None:
    """A reader who meets a dead link stops trusting the page."""
    found = [(page, target) for page in pages() for target in targets(page)]
    assert found
    assert [f"{page.relative_to(ROOT)}: {target}" for page, target in found if not target.exists()] == []
