"""Work that other services do when they are asked for it: what a handler may count on."""

from collections.abc import Mapping
from typing import Any, Protocol

from signet_scheduler.application.jobs import ExpectedFailure


class ServiceUnavailable(ExpectedFailure):
    """The service did not do it, or nobody knows whether it did: to be asked again, which every job allows."""


class Services(Protocol):
    """The other services of the platform, and the gateway."""

    def ask(self, service: str, job: str, run_id: int, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Ask for a piece of a job, and return what the service says of it.

        Raises ServiceUnavailable, and NotRetryable where the service refuses or is unknown.
        """
        ...
