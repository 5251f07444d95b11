"""`POST /internal/jobs/purge`: the scheduler has a service erase what is over. Safe to ask for twice."""

from collections.abc import Callable, Mapping
from typing import Protocol

from flask_restx import Namespace, Resource

from signet_common.web.decorators import check_request, internal_operation, marshal_with
from signet_common.web.operations import operation
from signet_common.web.schemas import ViewModel

SECONDS = 10.0
"""How long a request purges at most, but for its last step."""


class Erased(Protocol):
    """What was erased, as the service's purge tells it."""

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows, by table."""
        ...

    @property
    def finished(self) -> bool: ...


Purge = Callable[[float], Erased]
"""Erases for about so many seconds at most."""


class ErasedView(ViewModel):
    """What was erased; ask again until it is `finished`."""

    rows: dict[str, int]
    finished: bool


class PurgeJob(Resource):  # type: ignore[misc]
    """`/internal/jobs/purge`."""

    def __init__(self, api: object, *_args: object, purge: Purge) -> None:
        super().__init__(api)
        self._purge = purge

    @operation("purge", "Erase what is over")
    @internal_operation("scheduler")
    @check_request(idempotent=True)
    @marshal_with(ErasedView)
    def post(self) -> Erased:
        """Purge. An Idempotency-Key changes nothing: what was erased is not there a second time."""
        return self._purge(SECONDS)


def purge_namespace(purge: Purge) -> Namespace:
    """The route, wired to `purge`."""
    namespace = Namespace("purge", path="/internal/jobs/purge")
    namespace.add_resource(PurgeJob, "", resource_class_kwargs={"purge": purge})
    return namespace
