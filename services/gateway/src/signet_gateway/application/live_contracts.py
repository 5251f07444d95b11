"""The contracts that are served now, and their replacement while requests are being answered.

New ones are read to the end and wired before they count; each request keeps what it began with. Contracts that cannot
be routed safely change nothing: the ones before go on being served, and the log and `/readyz` say so.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from signet_gateway.application.errors import ContractInvalid
from signet_gateway.application.gateway import Gateway
from signet_gateway.application.ports import CheckResult

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """What one set of contracts makes: the pipeline, and the document that clients are shown."""

    gateway: Gateway
    document: bytes


class LiveContracts:
    """Holds what is `served`; a ReadinessProbe.

    `make` reads the contracts anew and wires them, or raises ContractInvalid.
    """

    def __init__(self, served: Served, make: Callable[[], Served]) -> None:
        self.served = served
        self._make = make
        self._invalid = False

    def reload(self) -> None:
        """Serve the contracts of this moment, if they are sound."""
        try:
            self.served = self._make()
        except ContractInvalid as error:
            self._invalid = True
            _LOGGER.error("the contracts were not reloaded, those before are served: %s", error)  # noqa: TRY400
        else:
            self._invalid = False
            _LOGGER.info("the contracts were reloaded")

    def probe(self) -> dict[str, CheckResult]:
        """Invalid contracts stop nothing, but what was meant to change has not."""
        if self._invalid:
            return {"contracts": CheckResult("degraded", "the newest are invalid, those before them are served")}
        return {"contracts": CheckResult("ok")}
