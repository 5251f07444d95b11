"""The jobs of files, for the scheduler alone: small enough for a request, and safe to ask for twice."""

from typing import Annotated

from flask import g
from flask_restx import Namespace, Resource
from pydantic import Field

from signet_common.web.decorators import check_request, internal_operation, marshal_with
from signet_common.web.operations import operation
from signet_common.web.schemas import QueryModel, ViewModel
from signet_files.application.collect_orphans import CollectOrphans
from signet_files.application.collected import Collected
from signet_files.domain.errors import CollectingOff

SECONDS = 10.0
"""How long a request collects at most, but for its last step."""


class CollectQuery(QueryModel):
    """Where to go on."""

    after: Annotated[str, Field(max_length=128, pattern="^[0-9a-f]*$")] = ""


class CollectedView(ViewModel):
    """What was collected; ask again with `after` until it is `finished`."""

    uploads: int
    files: int
    blobs: int
    failed: int
    strangers_kept: int
    after: str
    finished: bool


class OrphanCollection(Resource):  # type: ignore[misc]
    """`/internal/jobs/collect-orphans`."""

    def __init__(self, api: object, *_args: object, collect: CollectOrphans | None) -> None:
        super().__init__(api)
        self._collect = collect

    @operation("collectOrphans", "Collect orphans")
    @internal_operation("scheduler")
    @check_request(query=CollectQuery, idempotent=True)
    @marshal_with(CollectedView)
    def post(self) -> Collected:
        """Collect. An Idempotency-Key changes nothing: what was collected is not there a second time."""
        if self._collect is None:
            raise CollectingOff("collecting is switched off: FILES_COLLECT_MINUTES is 0")
        return self._collect(g.args.query.after, seconds=SECONDS)


def job_namespace(collect: CollectOrphans | None) -> Namespace:
    """The routes of jobs, wired to `collect`; None where nothing is to be collected."""
    namespace = Namespace("jobs", path="/internal/jobs")
    namespace.add_resource(OrphanCollection, "/collect-orphans", resource_class_kwargs={"collect": collect})
    return namespace
