"""The operations of this moment: what the contracts ask for, read anew without ending anything.

New contracts are read to the end before they count. Those that cannot be read change nothing: what was known before
holds, and the log and `/readyz` say so, as the gateway's do.
"""

import logging
from collections.abc import Callable, Collection, Iterator

from signet_common.web.readiness import Check
from signet_identity.adapters.outbound.contracts import ContractsUnreadable

_LOGGER = logging.getLogger(__name__)


class LiveOperations(Collection[str]):
    """The names of all permissions; everybody holds this object, never a copy of what is in it.

    `reread` returns the names anew, or raises ContractsUnreadable.
    """

    def __init__(self, names: frozenset[str], reread: Callable[[], frozenset[str]]) -> None:
        self._names = names
        self._reread = reread
        self._invalid = False

    def reload(self) -> None:
        """Take what the contracts of this moment ask for, if they can be read."""
        try:
            self._names = self._reread()
        except ContractsUnreadable as error:
            self._invalid = True
            _LOGGER.error("the contracts were not reloaded, those before hold: %s", error)  # noqa: TRY400
        else:
            self._invalid = False
            _LOGGER.info("the contracts were reloaded")

    def check(self) -> Check:
        """Contracts that cannot be read stop nothing, but what was meant to change has not."""
        if self._invalid:
            return Check("degraded", "the newest cannot be read, those before them hold")
        return Check()

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
