"""The README of this service tells where everything is."""

import re

from signet_testing.root import ROOT

SERVICE = ROOT / "services" / "scheduler"


def test_the_readme_names_every_module_and_none_that_there_is_not() -> None:
    """A map that leaves out half of the land sends nobody anywhere."""
    modules = {path.name for path in (SERVICE / "src").rglob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"\w+\.py\b", (SERVICE / "README.md").read_text())) == modules
