"""The views of runs."""

from dataclasses import dataclass
from typing import Any

from flask import g
from flask_restx import Namespace

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.views import View
from signet_protocol.return_codes import ReturnCode
from signet_scheduler.adapters.inbound.run_schemas import (
    JobRunListQuery,
    LogQuery,
    LogView,
    RunDetailsView,
    RunListQuery,
    RunView,
)
from signet_scheduler.adapters.inbound.views import naming_fields
from signet_scheduler.application.cancel_run import CancelRun
from signet_scheduler.application.queries import LogPart, Paged, RunFilter, RunQueries
from signet_scheduler.application.retry_run import RetryRun
from signet_scheduler.domain.runs import Run

_NEW = {"run_id": "$response.body#/data/run_id"}
_SAME = {"run_id": "$request.path.run_id"}


@dataclass(frozen=True, slots=True)
class RunApplication:
    """What the views call."""

    runs: RunQueries
    cancel_run: CancelRun
    retry_run: RetryRun


class RunCollection(View[RunApplication]):
    """`/api/v1/runs`."""

    @operation(
        "listRuns",
        "List runs",
        description="Newest first. An empty page is an answer like any other.",
        links=(Link("first", "getRun", {"run_id": "$response.body#/data/runs/0/run_id"}),),
        audit="query",
    )
    @authentication_required("run", "query")
    @sign_required
    @check_request(query=RunListQuery)
    @marshal_with(RunView, plural="runs")
    def get(self) -> Paged[Run]:
        """List."""
        query: RunListQuery = g.args.query
        wanted = run_filter(query, job_name=query.job_name)
        return self.application.runs.search(wanted, g.user)


class RunItem(View[RunApplication]):
    """`/api/v1/runs/{run_id}`."""

    @operation(
        "getRun",
        "Read a run and its attempts",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("log", "getRunLog", _SAME), Link("cancel", "cancelRun", _SAME), Link("retry", "retryRun", _SAME)),
        audit="query",
    )
    @authentication_required("run", "query")
    @sign_required
    @check_request()
    @marshal_with(RunDetailsView)
    def get(self, run_id: int) -> dict[str, Any]:
        """Read."""
        details = self.application.runs.get(run_id, g.user)
        shown = {name: getattr(details.run, name) for name in RunView.model_fields}
        return shown | {"history": details.history}


class RunLog(View[RunApplication]):
    """`/api/v1/runs/{run_id}/log`."""

    @operation(
        "getRunLog",
        "Read what a run has logged",
        description="A part at a time: ask again with the `after` of the answer, until `ended`. A run that is under "
        "way answers with what there is.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        audit="query",
    )
    @authentication_required("run", "query")
    @sign_required
    @check_request(query=LogQuery)
    @marshal_with(LogView)
    def get(self, run_id: int) -> LogPart:
        """Read."""
        query: LogQuery = g.args.query
        return self.application.runs.log(run_id, query.after, g.user)


class RunCancellation(View[RunApplication]):
    """`/api/v1/runs/{run_id}/cancel`."""

    @operation(
        "cancelRun",
        "Make a run end",
        description="One that waits is cancelled at once. Of one that runs `cancel_asked` is set: its worker ends it "
        "within moments. One that has ended is refused (409001).",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.VALUE_DUPLICATE),
        links=(Link("run", "getRun", _SAME),),
        audit="update",
    )
    @authentication_required("run", "cancel")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(RunView)
    def post(self, run_id: int) -> Run:
        """Cancel."""
        return self.application.cancel_run(g.user, run_id)


class RunRepetition(View[RunApplication]):
    """`/api/v1/runs/{run_id}/retry`."""

    @operation(
        "retryRun",
        "Run an ended run once more",
        description="Answers with a new run that has the same arguments; `retry_of` names the old one.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.VALUE_DUPLICATE, ReturnCode.RATE_LIMITED),
        links=(Link("run", "getRun", _NEW), Link("cancel", "cancelRun", _NEW)),
        audit="insert",
    )
    @authentication_required("run", "retry")
    @sign_required
    @check_request(idempotent=True)
    @marshal_with(RunView)
    def post(self, run_id: int) -> Run:
        """Retry."""
        with naming_fields():
            return self.application.retry_run(g.user, run_id)


def run_namespace(application: RunApplication) -> Namespace:
    """The routes of runs, wired to `application`."""
    namespace = Namespace("runs", path="/api/v1/runs")
    wiring = {"resource_class_kwargs": {"application": application}}
    namespace.add_resource(RunCollection, "", **wiring)
    namespace.add_resource(RunItem, "/<id:run_id>", **wiring)
    namespace.add_resource(RunLog, "/<id:run_id>/log", **wiring)
    namespace.add_resource(RunCancellation, "/<id:run_id>/cancel", **wiring)
    namespace.add_resource(RunRepetition, "/<id:run_id>/retry", **wiring)
    return namespace


def run_filter(query: JobRunListQuery, *, job_name: str | None) -> RunFilter:
    """What a query asks for."""
    return RunFilter(
        job_name=job_name,
        state=query.run_state,
        schedule_id=query.schedule_id,
        created_from=query.create_date_start,
        created_to=query.create_date_end,
        page=query.page,
        per_page=query.per_page,
        count=query.count,
    )
