"""Two processes for the tests of whole platforms: one for those that kill, one for those that use.

A platform takes long to start, so all tests that share one have to stay in one process. Either kind has platforms of
its own and is about half of the work. pytest-xdist asks a scheduler only where each test belongs. Its own
`--dist loadgroup` reads that from marks, and finds none since pytest 9.2 keeps the id of a test elsewhere.
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

KILLING = "chaos"


class Halves(LoadScopeScheduling):  # type: ignore[misc]  # xdist does not say that it is typed
    """Every test belongs to one of two halves, which are tested side by side and each in order."""

    def _split_scope(self, nodeid: str) -> str:
        return half_of(nodeid)


def half_of(nodeid: str) -> str:
    """The half of a test: services kill their own processes too."""
    top, *below = PurePosixPath(nodeid.split("::", 1)[0]).parts
    return "killing" if top == "services" or KILLING in below else "using"
